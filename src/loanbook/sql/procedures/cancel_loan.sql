-- Takes back a loan of Loanbook's own on the day it was issued, as long as no money stands on it.
create function api.cancel_loan(p_loan bigint, p_reason text)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_loan dm.loans;
    v_day date;
begin
    perform ops.actor();
    if coalesce(p_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('cancellation_has_reason', 'A cancellation needs a reason.');
    end if;
    v_loan := ops.lock_own_loan(p_loan);
    v_day := ops.day_of_action(null);
    if v_loan.status <> 'ongoing' then
        perform ops.refuse('cancellation_of_open_loan', format(
            'Loan %s is %s; only an open loan can be cancelled.', p_loan, replace(v_loan.status, '_', ' ')
        ));
    elsif v_loan.amount_paid <> 0 then
        perform ops.refuse('cancellation_without_money', format(
            '%s was paid on loan %s; reverse it first.', ops.money(v_loan.amount_paid), p_loan
        ));
    elsif v_loan.issued_on < v_day and v_loan.issued_on <> ops.wall_time()::date then
        perform ops.refuse('cancellation_on_day_of_issue', format(
            'Loan %s was issued on %s and the book stands at %s; a loan can be cancelled on its first day only.',
            p_loan, v_loan.issued_on, v_day
        ));
    end if;
    perform set_config('loanbook.reason', p_reason, true);
    update dm.loans as l set status = 'cancelled', exempt_from = null, version = l.version + 1
    where l.loan_id = p_loan;
    perform ops.close_open_loan(v_loan);
    perform set_config('loanbook.reason', '', true);
end;
$$;
