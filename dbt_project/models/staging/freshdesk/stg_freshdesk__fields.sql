-- Custom fields whose labels the map knows, and which of our columns they hold; a row a source.
with

mapped as (
    {{ named_fields(
        'freshdesk', source('landed', 'freshdesk_ticket_fields'), name='$.name', label='$.label'
    ) }}
)

select * from mapped
