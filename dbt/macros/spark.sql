{#
  Purpose: the sources as external tables over the landing's folders, with the columns that the contract declares, so that
    an empty feed and a column added later need no file that says so. Spark leaves out folders that start with a dot or
    an underscore by itself.
  Parameters: none; dispatched from register_sources.
  Usage: never called by name.
#}
{% macro spark__register_sources() -%}
    {%- for node in graph.sources.values() | selectattr('package_name', 'equalto', 'savoir') %}
        {%- set columns = [] -%}
        {%- for column in node.columns.values() -%}
            {%- do columns.append(column.name ~ ' ' ~ ('string' if column.data_type == 'text' else column.data_type)) -%}
        {%- endfor -%}
        {%- if node.schema == 'raw' and not (node.config.meta or {}).get('is_journal') -%}
            {%- do columns.extend([
                '_delivery_id string', '_file_row bigint', '_content_hash string', '_exported_at timestamp'
            ]) -%}
        {%- endif -%}
        {%- set home = env_var('SAVOIR_HOME', 'data') -%}
        {%- set folder = home ~ ('/landing' if node.schema == 'raw' else '/warehouse/' ~ node.schema) -%}
        {%- do run_query('create database if not exists ' ~ node.schema) -%}
        {%- do run_query('drop table if exists ' ~ node.schema ~ '.' ~ node.name) -%}
        {%- do run_query(
            'create table ' ~ node.schema ~ '.' ~ node.name ~ ' (' ~ columns | join(', ') ~ ') using parquet'
            ~ " options (recursiveFileLookup 'true', pathGlobFilter '" ~ node.name ~ ".parquet')"
            ~ " location '" ~ folder | replace("'", "\\'") ~ "'"
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{#
  Purpose: load a seed with its values written as SQL literals. The adapter's own version binds them as text: an apostrophe
    ends the literal and a missing value becomes the word None.
  Parameters: model, the seed's node; agate_table, its rows.
  Usage: never called by name: dbt's seed materialization dispatches to it.
#}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set rows = [] -%}
    {%- for row in agate_table.rows -%}
        {%- set values = [] -%}
        {%- for name in agate_table.column_names -%}
            {%- set type = types.get(name, adapter.convert_type(agate_table, loop.index0)) -%}
            {%- set value = row[name] -%}
            {%- if value is none -%}
                {%- do values.append('cast(null as ' ~ type ~ ')') -%}
            {%- else -%}
                {%- do values.append(
                    "cast('" ~ (value | string | replace('\\', '\\\\') | replace("'", "\\'")) ~ "' as " ~ type ~ ")"
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- if rows -%}
        {%- do run_query('insert into ' ~ this.render() ~ ' values ' ~ rows | join(', ')) -%}
    {%- endif -%}
    {{ return('select 1') }}
{%- endmacro %}
