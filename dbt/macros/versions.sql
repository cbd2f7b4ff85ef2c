{#
  Purpose: the latest version of every row of a feed, among the deliveries known on `known_on` and not retired: the greatest
    by (moment, content hash), where a row's moment is its updated_at, else when its export was made; unknown moments
    first. Adds version_count and is_version_conflict (another content of the winner's moment, or both without one: nothing
    but the content could order them). A row that a newer complete export of its source no longer holds is gone.
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
    {%- set moment = 'coalesce(updated_at, _exported_at)' -%}
    select *
    from (
        select
            {{ feed }}.*,
            cast(1 as bigint) as version_count,
            false as is_version_conflict,
            _exported_at as exported_through,
            cast(1 as bigint) as version_rank
        from {{ source('raw', feed) }} as {{ feed }}
        {{ known_deliveries() }}
        and {{ row_hash(key) }} not in ({{ repeated_hashes }})
        union all
        select
            {{ feed }}.*,
            cast(count(*) over (partition by {{ keys }}) as bigint) as version_count,
            min(_content_hash) over (partition by {{ keys }}, {{ moment }})
            <> max(_content_hash) over (partition by {{ keys }}, {{ moment }}) as is_version_conflict,
            max(_exported_at) over (partition by {{ keys }}) as exported_through,
            cast(row_number() over (
                partition by {{ keys }} order by {{ moment }} desc nulls last, _content_hash desc
            ) as bigint) as version_rank
        from {{ source('raw', feed) }} as {{ feed }}
        {{ known_deliveries() }}
        and {{ row_hash(key) }} in ({{ repeated_hashes }})
    ) as ranked
    where version_rank = 1
    and not exists (
        select 1
        from ({{ complete_exports(feed) }}) as complete_exports
        where complete_exports.delivery_id = ranked._delivery_id
        and complete_exports.complete_at > ranked.exported_through
    )
{%- endmacro %}

{#
  Purpose: for every delivery of a feed, when the newest complete export of its source was made. An export of which a row was
    refused does not say what is gone.
  Parameters: feed, the name of the source table.
  Usage: from ({{ complete_exports('orders') }})
#}
{% macro complete_exports(feed) -%}
    select deliveries.delivery_id, newest.complete_at
    from {{ source('raw', 'deliveries') }} as deliveries
    inner join (
        select source, max(exported_at) as complete_at
        from {{ source('raw', 'deliveries') }}
        {{ known_deliveries('delivery_id') }}
        and feed = '{{ feed }}' and is_complete_export and rows_quarantined = 0
        group by source
    ) as newest on deliveries.source = newest.source
    where deliveries.feed = '{{ feed }}'
{%- endmacro %}

{#
  Purpose: the columns of a feed, as its contract declares them: what a model hands on unchanged names none of them, so that a
    column more is one entry of the contract.
  Parameters: feed, the name of the source table; without, columns to leave out.
  Usage: select {{ feed_columns('products') | join(', ') }} from latest
#}
{% macro feed_columns(feed, without=[]) -%}
    {%- set columns = [] -%}
    {#- There is no graph yet while the project is parsed. -#}
    {%- for node in (graph.sources.values() if execute else []) if node.schema == 'raw' and node.name == feed -%}
        {%- for column in node.columns if column not in without -%}
            {%- do columns.append(column) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns or ['*']) }}
{%- endmacro %}

{#
  Purpose: keep only what was delivered up to the variable known_on (all where it is empty) and was not retired by then: by
    the same file read again by corrected rules, or withdrawn.
  Parameters: delivery_column, the relation's column that holds the delivery.
  Usage: select * from {{ source('raw', 'orders') }} {{ known_deliveries() }} and …
#}
{% macro known_deliveries(delivery_column='_delivery_id') -%}
    {#- Named outside the condition: the graph is parsed once, without the variable. -#}
    {%- set deliveries = source('raw', 'deliveries') -%}
    where {{ delivery_column }} not in (
        select retired_delivery_id from {{ source('raw', 'retirements') }}
        where retired_delivery_id is not null
        {%- if var('known_on') %} and retired_at <= {{ known_on_at() }}{% endif %}
    )
    {%- if var('known_on') %}
    and {{ delivery_column }} in (
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
