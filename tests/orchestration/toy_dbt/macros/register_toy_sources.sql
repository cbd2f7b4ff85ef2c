{% macro register_toy_sources() %}
    {% if execute %}
        {% set home = env_var('SAVOIR_HOME') %}
        {% do run_query("create schema if not exists raw") %}
        {% do run_query("create or replace view raw.orders as select * from read_parquet('" ~ home ~ "/landing/*/orders.parquet')") %}
        {% set fits = run_query("select count(*) from glob('" ~ home ~ "/warehouse/reliability/fits.parquet')") %}
        {% if fits.rows[0][0] %}
            {% do run_query("create schema if not exists reliability") %}
            {% do run_query("create or replace view reliability.fits as select * from read_parquet('" ~ home ~ "/warehouse/reliability/fits.parquet')") %}
        {% endif %}
    {% endif %}
{% endmacro %}

{% macro generate_schema_name(custom_schema_name, node) %}{{ custom_schema_name or target.schema }}{% endmacro %}
