{#
  Purpose: the latest version of every row of a feed, among the deliveries known on `known_on`: the greatest by
    (updated_at, content hash), unknown updated_at first. Adds version_count and is_version_conflict (another content with
    the winner's updated_at, or both without one: nothing but the content could order them).
    Almost every key has one version, and a window over millions of wide rows is the dearest thing in the project. So keys
    are counted by hash first, and only rows whose hash occurs twice go through the window. Two keys of one hash meet
    there and part again, because the window itself goes by key.
  Parameters: feed, the name of the source table; key, a list of its key columns.
  Usage: with latest as ({{ latest_versions('orders', ['order_id', 'line_number']) }}) select … from latest
#}
{% macro latest_versions(feed, key) -%}
    {%- set repeated_hashes -%}
        select {{ row_hash(key) }} as key_hash
        from {{ source('raw', feed) }}
        {{ known_deliveries() }}
        group by {{ row_hash(key) }}
        having count(*) > 1
    {%- endset -%}
    {%- set keys = key | join(', ') -%}
    select *
    from (
        select
            {{ feed }}.*,
            cast(1 as bigint) as version_count,
            false as is_version_conflict,
            cast(1 as bigint) as version_rank
        from {{ source('raw', feed) }} as {{ feed }}
        {{ known_deliveries() }}
        {{ 'and' if var('known_on') else 'where' }} {{ row_hash(key) }} not in ({{ repeated_hashes }})
        union all
        select
            {{ feed }}.*,
            cast(count(*) over (partition by {{ keys }}) as bigint) as version_count,
            min(_content_hash) over (partition by {{ keys }}, updated_at)
            <> max(_content_hash) over (partition by {{ keys }}, updated_at) as is_version_conflict,
            cast(row_number() over (
                partition by {{ keys }} order by updated_at desc nulls last, _content_hash desc
            ) as bigint) as version_rank
        from {{ source('raw', feed) }} as {{ feed }}
        {{ known_deliveries() }}
        {{ 'and' if var('known_on') else 'where' }} {{ row_hash(key) }} in ({{ repeated_hashes }})
    ) as ranked
    where version_rank = 1
{%- endmacro %}

{#
  Purpose: keep only what was delivered up to the variable known_on; nothing where it is empty.
  Parameters: delivery_column, the relation's column that holds the delivery.
  Usage: select * from {{ source('raw', 'orders') }} {{ known_deliveries() }}
#}
{% macro known_deliveries(delivery_column='_delivery_id') -%}
    {#- Named outside the condition: the graph is parsed once, without the variable. -#}
    {%- set deliveries = source('raw', 'deliveries') -%}
    {%- if var('known_on') -%}
        where {{ delivery_column }} in (
            select delivery_id from {{ deliveries }} where received_at <= {{ known_on_at() }}
        )
    {%- endif -%}
{%- endmacro %}

{#
  Purpose: the variable known_on as a timestamp.
  Parameters: none; call it only where the variable is set.
  Usage: where received_at <= {{ known_on_at() }}
#}
{% macro known_on_at() -%}
    cast('{{ var("known_on") | string | replace("T", " ") | replace("Z", "") }}' as timestamp)
{%- endmacro %}

{#
  Purpose: a 64-bit hash of columns, for counting and comparing. Differs between engines: never store or publish it.
  Parameters: columns, a list of column names.
  Usage: group by {{ row_hash(['order_id', 'line_number']) }}
#}
{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch('row_hash', 'savoir')(columns)) }}
{%- endmacro %}

{% macro duckdb__row_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark__row_hash(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}
