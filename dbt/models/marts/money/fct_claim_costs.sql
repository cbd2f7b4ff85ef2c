with paid as (

    select * from {{ ref('int_claims__paid') }}

),

priced as (

    select * from {{ ref('int_claims__priced') }}

),

parts as (

    {%- for part in claim_components() %}
    select
        ticket_id,
        cast('{{ part.component }}' as {{ dbt.type_string() }}) as component,
        cast('{{ part.kind }}' as {{ dbt.type_string() }}) as cost_kind,
        cast('{{ part.group }}' as {{ dbt.type_string() }}) as cost_group,
        cast('known_now' as {{ dbt.type_string() }}) as basis,
        {{ part.amount }} as amount_eur,
        cast({{ part.assumed or 'null' }} as decimal(18,2)) as assumed_eur
    from paid
    where {{ part.amount }} <> 0
    union all
    {%- endfor %}
    {%- for remedy in ['repair', 'replacement'] %}
    select
        ticket_id,
        cast('{{ remedy }}' as {{ dbt.type_string() }}) as component,
        cast('expected' as {{ dbt.type_string() }}) as cost_kind,
        cast('expected' as {{ dbt.type_string() }}) as cost_group,
        cast('known_then' as {{ dbt.type_string() }}) as basis,
        {{ remedy }}_cost_at_decision_eur as amount_eur,
        cast(null as decimal(18,2)) as assumed_eur
    from priced
    where {{ remedy }}_cost_at_decision_eur is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    ticket_id,
    component,
    cost_kind,
    cost_group,
    basis,
    amount_eur,
    assumed_eur
from parts
