with compared as (

    select
        compared.*,
        estimated.work_basis,
        estimated.decision_log_mean,
        estimated.decision_log_spread,
        estimated.cell_log_mean,
        estimated.cell_log_spread
    from {{ ref('int_claims__compared') }} as compared
    inner join {{ ref('int_claims__work_estimated') }} as estimated on compared.ticket_id = estimated.ticket_id
    where compared.unpriced_reason is null and compared.actual_remedy in ('repair', 'replacement', 'refund')

),

-- Two looks at the unknown work: blind, knowing only machines like it; and by its quote.
looks as (

    select
        ticket_id,
        actual_remedy,
        'blind' as look,
        kink,
        root,
        cell_log_mean as log_mean,
        cell_log_spread as log_spread
    from compared

    union all

    select
        ticket_id,
        actual_remedy,
        'quote' as look,
        kink,
        root,
        decision_log_mean as log_mean,
        decision_log_spread as log_spread
    from compared
    where work_basis = 'own_quote'

),

-- Shares of log-normal work below the kink and below the root, and its first and second moments there.
standardised as (

    select
        *,
        {%- for point in ['kink', 'root'] %}
        {%- for moment in [0, 1, 2] %}
        case
            when {{ point }} > 0 then (ln({{ point }}) - log_mean) / log_spread - {{ moment }} * log_spread
            else cast(-40 as double)
        end as {{ point }}_z{{ moment }},
        {%- endfor %}
        {%- endfor %}
        exp(log_mean + log_spread * log_spread / 2) as mean_work,
        exp(2 * log_mean + 2 * log_spread * log_spread) as mean_work_squared
    from looks

),

shares as (

    select
        *,
        {%- for point in ['kink', 'root'] %}
        {{ normal_share_below(point ~ '_z0') }} as {{ point }}_share,
        mean_work * {{ normal_share_below(point ~ '_z1') }} as {{ point }}_work,
        mean_work_squared * {{ normal_share_below(point ~ '_z2') }} as {{ point }}_work_squared{{ ',' if not loop.last }}
        {%- endfor %}
    from standardised

),

-- g = replacement − repair = root − max(work, kink). Its positive part is what a replacement loses, its negative part what a
-- repair loses. Means and squares of g and of its positive part, in closed form.
moments as (

    select
        ticket_id,
        actual_remedy,
        look,
        case
            when root > kink then root * root_share - kink * kink_share - root_work + kink_work
            else cast(0 as double)
        end as gain_lost,
        case
            when root > kink
                then (root - kink) * (root - kink) * kink_share
                    + root * root * (root_share - kink_share) - 2 * root * (root_work - kink_work)
                    + root_work_squared - kink_work_squared
            else cast(0 as double)
        end as gain_lost_squared,
        root - (kink * kink_share + mean_work - kink_work) as difference,
        root * root - 2 * root * (kink * kink_share + mean_work - kink_work)
            + kink * kink * kink_share + mean_work_squared - kink_work_squared as difference_squared
    from shares

),

losses as (

    select
        ticket_id,
        look,
        greatest(case when actual_remedy = 'repair' then gain_lost - difference else gain_lost end, 0) as loss,
        greatest(
            case when actual_remedy = 'repair' then difference_squared - gain_lost_squared else gain_lost_squared end, 0
        ) as loss_squared
    from moments

),

seen as (

    select
        compared.ticket_id,
        compared.actual_remedy,
        compared.work_basis,
        compared.regret_eur,
        -- A refund stands beside the replacement: what it costs more is certain, what the repair would have saved is not.
        case
            when compared.actual_remedy = 'refund'
                then cast(compared.actual_cost_eur - compared.replacement_cost_eur as double)
            else cast(0 as double)
        end as certain,
        blind.loss as blind_loss,
        blind.loss_squared as blind_loss_squared,
        case
            when compared.work_basis = 'own_quote' then quote.loss
            when compared.work_basis = 'own_work' and compared.actual_remedy = 'repair'
                then greatest(cast(-compared.margin_eur as double), 0)
            when compared.work_basis = 'own_work' then greatest(cast(compared.margin_eur as double), 0)
        end as known_loss,
        case
            when compared.work_basis = 'own_quote' then quote.loss_squared
            when compared.work_basis = 'own_work' and compared.actual_remedy = 'repair'
                then power(greatest(cast(-compared.margin_eur as double), 0), 2)
            when compared.work_basis = 'own_work' then power(greatest(cast(compared.margin_eur as double), 0), 2)
        end as known_loss_squared
    from compared
    inner join losses as blind on compared.ticket_id = blind.ticket_id and blind.look = 'blind'
    left join losses as quote on compared.ticket_id = quote.ticket_id and quote.look = 'quote'

),

-- Who decides sees more than machines like it. Where the work became known, how much less was lost than blindly?
-- Ten claims' worth of "as blindly" stand in until enough is known.
known as (

    select
        actual_remedy,
        cast(count(known_loss) as bigint) as n,
        cast(coalesce(sum({{ exact_euros('known_loss') }}), 0) as double) as loss,
        cast(coalesce(sum({{ exact_euros('known_loss_squared') }}), 0) as double) as loss_squared,
        cast(coalesce(sum(case when known_loss is not null then {{ exact_euros('blind_loss') }} end), 0) as double) as blind_loss,
        cast(coalesce(sum(case when known_loss is not null then {{ exact_euros('blind_loss_squared') }} end), 0) as double)
            as blind_loss_squared,
        cast(coalesce(sum(case when known_loss is null then {{ exact_euros('blind_loss') }} end), 0) as double)
            as unknown_blind_loss
    from seen
    group by actual_remedy

),

discernment as (

    select
        actual_remedy,
        unknown_blind_loss,
        blind_loss,
        (loss + 10 * blind_loss / greatest(n, 1)) / nullif(blind_loss + 10 * blind_loss / greatest(n, 1), 0) as share,
        (loss_squared + 10 * blind_loss_squared / greatest(n, 1))
        / nullif(blind_loss_squared + 10 * blind_loss_squared / greatest(n, 1), 0) as squared_share
    from known

),

discernment_spread as (

    select
        discernment.actual_remedy,
        -- Without known claims the share is as blindly, give or take all of it.
        coalesce(
            sum({{ exact_euros('power(seen.known_loss - discernment.share * seen.blind_loss, 2)') }})
            / nullif(max(discernment.blind_loss * discernment.blind_loss), 0), 1
        ) as variance
    from discernment
    inner join seen on discernment.actual_remedy = seen.actual_remedy
    group by discernment.actual_remedy

),

regrets as (

    select
        seen.*,
        coalesce(discernment.share, 1) as share,
        case
            when seen.work_basis = 'cell' then coalesce(discernment.share, 1) * seen.blind_loss
            else seen.known_loss
        end as loss,
        case
            when seen.work_basis = 'own_work' then cast(0 as double)
            when seen.work_basis = 'own_quote' then seen.known_loss_squared - seen.known_loss * seen.known_loss
            else greatest(
                coalesce(discernment.squared_share, 1) * seen.blind_loss_squared
                - power(coalesce(discernment.share, 1) * seen.blind_loss, 2), 0
            ) + (
                -- Shared by all such claims, so it grows with their sum. Whether they were decided as well as known ones
                -- is not known either: blind choice lies one standard deviation away.
                cast(discernment_spread.variance as double) + power(1 - coalesce(discernment.share, 1), 2)
            ) * seen.blind_loss * discernment.unknown_blind_loss
        end as variance
    from seen
    inner join discernment on seen.actual_remedy = discernment.actual_remedy
    inner join discernment_spread on seen.actual_remedy = discernment_spread.actual_remedy

)

select
    ticket_id,
    case
        when work_basis = 'own_work' then regret_eur
        else cast(round(certain + loss, 2) as decimal(18,2))
    end as expected_regret_eur,
    -- Cents of a variance above a hundred million are the last bits of a double: each engine has its own.
    cast(
        case when variance > 100000000 then round(variance / 1000000) * 1000000 else round(greatest(variance, 0), 2) end
        as decimal(28,2)
    ) as regret_variance,
    share as discernment_share
from regrets
