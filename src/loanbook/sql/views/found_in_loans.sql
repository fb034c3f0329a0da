-- One row per loan of a source and business rule that it breaks although it is kept, in words.
-- What was made here was judged when it was made, under locks (see open_loan).
create view ops.found_in_loans as
with standing as (
    select
        l.*,
        c.user_id as borrower,
        c.credit_limit,
        c.denied_at,
        c.interest_rate as client_rate,
        l.due_on - l.issued_on as days_run,
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
        l.due_at - l.created_at <> interval '90 days' as term_differs,
        l.status = 'paid' and l.amount_paid < l.due_amount as paid_short,
        l.amount_paid > l.due_amount as overpaid,
        l.status = 'paid' and l.paid_at > l.due_at as paid_late,
        -- The limit that stood at issue. What a file of day D tells happened before D, so the day
        -- of issue knows two limits where it changed on that day; the loan may use the higher. Who
        -- was deleted and came back had a limit before: the first version is of this life only.
        case
            when
                c.version = 1
                and not exists (
                    select from audit.clients as h
                    where h.key = c.user_id and h.operation = 'D'
                )
                then c.credit_limit
            -- Within every limit that the client ever had: which one stood need not be known.
            when l.loan_amount <= least(c.credit_limit, (
                select min((h.before ->> 'credit_limit')::numeric)
                from audit.clients as h
                where h.key = c.user_id and h.operation in ('U', 'D')
            )) then c.credit_limit
            else (
                select
                    max(coalesce((
                        select (h.before ->> 'credit_limit')::numeric
                        from audit.clients as h
                        inner join audit.statements as t on h.statement_id = t.statement_id
                        left join ops.batches as b on t.batch_id = b.batch_id
                        where
                            h.key = c.user_id
                            and h.operation in ('U', 'D')
                            and coalesce(
                                b.business_date,
                                (t.at at time zone (select k.zone from ops.book as k))::date + 1
                            ) > l.issued_on + d.days
                        order by h.statement_id
                        limit 1
                    ), c.credit_limit))
                from (values (0), (1)) as d (days)
            )
        end as limit_at_issue,
        coalesce(l.created_at > c.denied_at, false) as after_denial
    from dm.loans as l
    inner join dm.clients as c on l.user_id = c.user_id
    where l.loan_id < 1000000000
),

judged as (
    select
        s.*,
        s.loan_amount > s.limit_at_issue as above_limit
    from standing as s
)

select
    j.loan_id,
    j.borrower,
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
                    case when j.rate_is_implied then j.client_rate else j.interest_rate end, j.days_run
                ), 2),
                round(dm.contract_tax(j.loan_amount, j.days_run), 2),
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
                '%s lent, the limit was %s', j.loan_amount, j.limit_at_issue
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
