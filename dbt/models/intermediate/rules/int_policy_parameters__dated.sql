-- What a version does not set, it takes from the one before it.
with versions as (

    select * from ({{ version_periods(ref('policy_rules'), 'policy_version') }}) as periods

),

stated as (

    select
        versions.valid_from as set_from,
        parameters.parameter,
        parameters.value
    from {{ ref('policy_parameters') }} as parameters
    inner join versions on parameters.policy_version = versions.policy_version

),

latest as (

    select
        versions.policy_version,
        versions.valid_from,
        versions.valid_to,
        stated.parameter,
        stated.value,
        row_number() over (
            partition by versions.policy_version, stated.parameter order by stated.set_from desc
        ) as version_rank
    from versions
    inner join stated on versions.valid_from >= stated.set_from

)

select
    policy_version,
    valid_from as period_from,
    valid_to as period_to,
    {%- for parameter, type in policy_parameters().items() %}
    max(case when parameter = '{{ parameter }}' then cast(value as {{ type }}) end) as {{ parameter }}
    {{- ',' if not loop.last }}
    {%- endfor %}
from latest
where version_rank = 1
group by policy_version, valid_from, valid_to
