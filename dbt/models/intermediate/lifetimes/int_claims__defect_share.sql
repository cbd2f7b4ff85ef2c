{%- set weight = 20 -%}
-- How likely a claim is a defect: 1 or 0 where the cause is known; else the share of defects among diagnosed claims of the
-- same category and channel, drawn towards it by {{ weight }} claims' worth from the family, the age and all claims.
with claims as (
    select
        tickets.ticket_id,
        tickets.family_code,
        case
                when aged.age_month is null then 0
                when aged.age_month = 1 then 1
                when aged.age_month <= 3 then 2
                when aged.age_month <= 12 then 3
                else 4
            end
            as age_band,
        coalesce(tickets.category, 'other') as category,
        coalesce(tickets.channel, 'other') as channel,
        diagnosed.cause,
        diagnosed.cause <> 'unknown' and not diagnosed.is_cause_presumed as is_known
    from {{ ref('int_tickets__linked') }} as tickets
    inner join {{ ref('int_claims__diagnosed') }} as diagnosed on tickets.ticket_id = diagnosed.ticket_id
    inner join {{ ref('int_claims__aged') }} as aged on tickets.ticket_id = aged.ticket_id
    where tickets.is_claim
),

{%- set levels = [
    ('all', []),
    ('category', ['category', 'age_band']),
    ('channel', ['category', 'age_band', 'channel']),
    ('family', ['category', 'age_band', 'channel', 'family_code']),
] %}
{%- for level, keys in levels %}

{{ level }}_counts as (
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        cast(count(*) as bigint) as known,
        cast(sum(case when cause = 'defect' then 1 else 0 end) as bigint) as defects
    from claims
    where is_known
    {%- if keys %}
    group by {{ keys | join(', ') }}
    {%- endif %}
),
{%- endfor %}

-- Nothing known at all: either is as likely.
all_shares as (
    select (coalesce(defects, 0) + 0.5 * 2) / cast(known + 2 as double) as share
    from all_counts
),
{%- for level, keys in levels if level != 'all' %}
{%- set parent = levels[loop.index0][0] %}

{{ level }}_shares as (
    select
        cells.*,
        (coalesce(counts.defects, 0) + {{ weight }} * parent.share) / (coalesce(counts.known, 0) + {{ weight }}) as share
    from (select distinct {{ keys | join(', ') }} from claims) as cells
    left join {{ level }}_counts as counts
        on {% for key in keys %}{{ 'and ' if not loop.first }}cells.{{ key }} = counts.{{ key }} {% endfor %}
    {%- if parent == 'all' %}
    cross join all_shares as parent
    {%- else %}
    inner join {{ parent }}_shares as parent
        on {% for key in keys[:-1] %}{{ 'and ' if not loop.first }}cells.{{ key }} = parent.{{ key }} {% endfor %}
    {%- endif %}
){{ ',' if not loop.last }}
{%- endfor %}

select
    claims.ticket_id,
    cast(
        case
            when claims.cause = 'defect' then 1
            when claims.cause <> 'unknown' then 0
            else round(shares.share, 6)
        end as decimal(8,6)
    ) as defect_share
from claims
inner join family_shares as shares
    on
        claims.category = shares.category
        and claims.age_band = shares.age_band
        and claims.channel = shares.channel
        and claims.family_code = shares.family_code
