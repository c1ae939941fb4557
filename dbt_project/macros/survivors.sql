{#
  Follows "merged into" chains to their ends. `edges` is a relation or CTE of (node, parent), one row
  a node that is merged into another. Gives CTEs `<prefix>_roots` (node, root) for the nodes that end
  somewhere, `<prefix>_cycles` (node) for those that merge in a circle: they stay unmerged, and what
  was merged into one of them ends there. Pointer jumping: each pass doubles the length followed, so
  10 passes follow chains of 1,024.
#}
{% macro survivor_ctes(edges, prefix) %}
    {% set passes = 10 %}
    {{ prefix }}_hop_0 as (
        select node, parent as reached
        from {{ edges }}
    ),
    {% for pass in range(1, passes + 1) %}
    {{ prefix }}_hop_{{ pass }} as (
        select
            hop.node,
            coalesce(next_hop.reached, hop.reached) as reached
        from {{ prefix }}_hop_{{ pass - 1 }} as hop
        left join {{ prefix }}_hop_{{ pass - 1 }} as next_hop on hop.reached = next_hop.node
    ),
    {% endfor %}
    {# Where a walk of that length still stands on a merged node, that node lies on a circle. #}
    {{ prefix }}_cycles as (
        select distinct hop.reached as node
        from {{ prefix }}_hop_{{ passes }} as hop
        inner join {{ edges }} as edges on hop.reached = edges.node
    ),
    {{ prefix }}_open_0 as (
        select edges.node, edges.parent as reached
        from {{ edges }} as edges
        left join {{ prefix }}_cycles as cycles on edges.node = cycles.node
        where cycles.node is null
    ),
    {% for pass in range(1, passes + 1) %}
    {{ prefix }}_open_{{ pass }} as (
        select
            hop.node,
            coalesce(next_hop.reached, hop.reached) as reached
        from {{ prefix }}_open_{{ pass - 1 }} as hop
        left join {{ prefix }}_open_{{ pass - 1 }} as next_hop on hop.reached = next_hop.node
    ),
    {% endfor %}
    {{ prefix }}_roots as (
        select node, reached as root
        from {{ prefix }}_open_{{ passes }}
    )
{% endmacro %}
