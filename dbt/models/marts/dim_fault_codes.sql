select
    fault_code,
    fault_kind as cause,
    label_en,
    label_fr,
    families,
    evidence,
    keywords_fr,
    keywords_en,
    assumed_share_of_kind,
    note
from {{ ref('fault_codes') }}
