-- One row per loan of the mart and business rule that it breaks although it is kept, in words.
create view ops.found_in_loans as
with judged as (
    select
        l.*,
        c.credit_limit,
        c.denied_at,
        c.interest_rate as client_rate,
        l.due_on - l.issued_on as term_days,
        l.rate_is_implied
        or l.interest_rate is null
        -- The first version was judged when its rate was chosen.
        or (
            l.version > 1
            and not dm.rate_explains(
                l.loan_amount, l.interest_rate, l.due_on - l.issued_on, l.due_amount
            )
        )
        or not dm.tax_fits(l.loan_amount, l.due_on - l.issued_on, l.tax)
            as contract_differs,
        l.due_at <> l.created_at + interval '90 days' as term_differs,
        l.status = 'paid' and l.amount_paid < l.due_amount as paid_short,
        l.amount_paid > l.due_amount as overpaid,
        l.status = 'paid' and l.paid_at > l.due_at as paid_late,
        l.loan_amount > case
            when c.version = 1 then c.credit_limit
            else dm.credit_limit_at(c.user_id, c.credit_limit, l.issued_on)
        end as above_limit,
        coalesce(l.created_at > c.denied_at, false) as after_denial
    from dm.loans as l
    inner join dm.clients as c on l.user_id = c.user_id
)

select
    j.loan_id,
    f.rule,
    f.detail
from judged as j
cross join
    lateral (
        values
        (
            'loans_contract_differs', j.contract_differs,
            format(
                'due %s and tax %s, where the contract gives %s and %s at %s %%%s',
                j.due_amount, j.tax,
                round(dm.contract_due(
                    j.loan_amount,
                    case when j.rate_is_implied then j.client_rate else j.interest_rate end, j.term_days
                ), 2),
                round(dm.contract_tax(j.loan_amount, j.term_days), 2),
                trim_scale(case when j.rate_is_implied then j.client_rate else j.interest_rate end),
                case
                    when j.rate_is_implied
                        then coalesce(
                            '; its amounts imply ' || trim_scale(j.interest_rate) || ' %',
                            '; no rate explains its amounts'
                        )
                    else ''
                end
            )
        ),
        ('loans_term_not_90_days', j.term_differs, format('from %s to %s', j.created_at, j.due_at)),
        ('loans_paid_short', j.paid_short, format('paid %s of %s', j.amount_paid, j.due_amount)),
        ('loans_overpaid', j.overpaid, format('paid %s of %s', j.amount_paid, j.due_amount)),
        ('loans_paid_late', j.paid_late, format('due %s, paid %s', j.due_at, j.paid_at)),
        (
            'loans_above_limit', j.above_limit,
            format(
                '%s lent, the limit was %s', j.loan_amount,
                dm.credit_limit_at(j.user_id, j.credit_limit, j.issued_on)
            )
        ),
        (
            'loans_after_denial', j.after_denial,
            format('issued %s, client denied %s', j.created_at, j.denied_at)
        )
    ) as f (rule, found, detail)
where
    f.found
    and (
        j.contract_differs or j.term_differs or j.paid_short or j.overpaid or j.paid_late
        or j.above_limit or j.after_denial
    );
comment on view ops.found_in_loans is 'One row per loan and business rule that it breaks though kept.';
