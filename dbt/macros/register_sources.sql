{#
  Purpose: make every dbt source exist before the first model runs: `raw.<feed>` over the landing's Parquet, and
    `reliability.<table>` over what Python computed. A column that no file has yet (a landing of an
    older version, a source without a file) is there and empty.
  Parameters: none. Reads the sources from the graph and the folders from SAVOIR_HOME.
  Usage: on-run-start: "{{ register_sources() }}"
#}
{% macro register_sources() -%}
    {% if execute and flags.WHICH in ('build', 'run', 'test', 'seed', 'show', 'compile') %}
        {{ return(adapter.dispatch('register_sources', 'savoir')()) }}
    {% endif %}
{%- endmacro %}

{% macro source_files(source_node) -%}
    {#- The home's name is a name: its marks of a pattern stand for themselves. -#}
    {%- set home = env_var('SAVOIR_HOME', 'data')
        | replace('[', '[[]') | replace('*', '[*]') | replace('?', '[?]') -%}
    {%- if source_node.schema == 'raw' -%}
        {#- A folder that starts with a dot is still being written. -#}
        {{ home }}/landing/[!.]*/{{ source_node.name }}.parquet
    {%- else -%}
        {{ home }}/warehouse/{{ source_node.schema }}/{{ source_node.name }}.parquet
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__register_sources() -%}
    {%- set nodes = graph.sources.values() | selectattr('package_name', 'equalto', 'savoir') | list -%}
    {%- set globs = [] -%}
    {%- for node in nodes -%}
        {%- do globs.append(
            "select '" ~ node.unique_id ~ "' as id, count(*) as files from glob('"
            ~ source_files(node) | replace("'", "''") ~ "')"
        ) -%}
    {%- endfor -%}
    {%- set found = {} -%}
    {%- if globs -%}
        {%- for row in run_query(globs | join(' union all ')).rows -%}
            {%- do found.update({row[0]: row[1]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for schema in nodes | map(attribute='schema') | unique %}
    create schema if not exists {{ schema }};
    {%- endfor %}
    {%- for node in nodes %}
    create or replace view {{ node.schema }}.{{ node.name }} as

        select
            {% for column in node.columns.values() -%}
            cast(null as {{ column.data_type }}) as {{ column.name }}
            {{- ", " }}
            {% endfor -%}
            cast(null as text) as _delivery_id, cast(null as bigint) as _file_row, cast(null as text) as _content_hash,
            cast(null as timestamp) as _exported_at
        where false
        {%- if found[node.unique_id] | int > 0 %}
        union all by name
        select * from read_parquet('{{ source_files(node) | replace("'", "''") }}', union_by_name = true)
        {%- endif -%}
        ;
    {%- endfor %}
{%- endmacro %}
