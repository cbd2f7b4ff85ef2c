{# Schemas are used as they are written (staging, marts, …), not glued to the target's own. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
