-- Custom attributes whose titles the map knows, and which of our columns they hold; a row a source.
with

mapped as (
    {{ named_fields(
        'chatwoot', source('landed', 'chatwoot_custom_attribute_definitions'),
        name='$.attribute_key', label='$.attribute_display_name'
    ) }}
)

select * from mapped
