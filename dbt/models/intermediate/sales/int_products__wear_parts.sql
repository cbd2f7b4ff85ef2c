-- The parts that a product's list takes for wear, and the fault code that stands for each. A list names a part by its code, by
-- its name in either language, or by the fault code; capitals and blanks around a name do not matter.
with listed as (
    select sku, wear_part_codes
    from {{ ref('int_products__completed') }}
    where wear_part_codes is not null
),

entries as (
    select
        sku,
        lower(trim(split_part(wear_part_codes, '|', cast(place as int)))) as part
    from (
        select
            sku,
            wear_part_codes,
            {{ one_to("length(wear_part_codes) - length(replace(wear_part_codes, '|', '')) + 1") }} as place
        from listed
    ) as numbered
),

names as (
    select lower(fault_code) as name, fault_code from {{ ref('fault_codes') }} where fault_kind = 'wear'
    union
    select part as name, fault_code from {{ ref('fault_parts') }}
    union
    select label_en as name, fault_code from {{ ref('fault_parts') }}
    union
    select label_fr as name, fault_code from {{ ref('fault_parts') }}
)

select distinct
    entries.sku,
    entries.part,
    names.fault_code
from entries
left join names on entries.part = names.name
where entries.part <> ''
