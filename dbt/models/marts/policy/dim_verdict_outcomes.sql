select
    outcomes.outcome,
    outcomes.kind,
    valuations.priced_as,
    valuations.owed_rank,
    outcomes.label_en,
    outcomes.label_fr
from {{ ref('verdict_outcomes') }} as outcomes
inner join {{ ref('outcome_valuations') }} as valuations
    on outcomes.outcome = valuations.outcome
