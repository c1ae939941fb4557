{# Why an order counts or does not (K20). #}
{% macro order_reason() -%}
    case
        when is_countable then 'counted'
        when is_test then 'test'
        when is_replacement then 'replacement'
        when is_deleted then 'deleted'
        when payment_status is not null and not is_paid then 'payment_' || payment_status
        else 'cancelled_unpaid'
    end
{%- endmacro %}
