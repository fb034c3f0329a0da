-- Takes a payment on a loan of Loanbook's own: partial or early, on a day that may lie back. The
-- payment that completes the amount due closes the loan. Answers with the payment's number, and
-- with status and balance of the loan after it; the same request under its key answers the same.
create function api.post_payment(
    p_loan bigint, p_amount numeric, p_on date default null, p_key text default null,
    out payment_id bigint, out effective_on date, out status text, out balance numeric
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_content jsonb;
    v_answer jsonb;
    v_loan dm.loans;
begin
    perform ops.actor();
    v_loan := ops.lock_own_loan(p_loan);
    if p_key is not null then
        v_content := jsonb_build_object('loan', p_loan, 'amount', p_amount, 'on', p_on);
        v_answer := ops.answer_to(p_key, 'post_payment', v_content);
        if v_answer is not null then
            payment_id := v_answer -> 'payment_id';
            effective_on := v_answer ->> 'effective_on';
            status := v_answer ->> 'status';
            balance := v_answer -> 'balance';
            return;
        end if;
    end if;

    perform ops.refuse_faulty_amount(p_amount, 'payments_amount');
    effective_on := ops.day_of_action(p_on);
    perform ops.refuse_payment(v_loan, p_amount, effective_on);
    insert into dm.payments (loan_id, kind, amount, effective_on, idempotency_key, owner)
    values (p_loan, 'payment', p_amount, post_payment.effective_on, p_key, 'loanbook')
    returning payments.payment_id into payment_id;
    v_loan := ops.settle_loan(v_loan, p_amount);
    status := v_loan.status;
    balance := v_loan.due_amount - v_loan.amount_paid;
    if p_key is not null then
        perform ops.remember_answer(
            p_key, 'post_payment', v_content,
            jsonb_build_object(
                'payment_id', payment_id, 'effective_on', effective_on, 'status', status, 'balance', balance
            )
        );
    end if;
end;
$$;

-- A loan of Loanbook's own and its client, under locks: first the client, then the loan, as every
-- act takes them. What a source owns is not for acts of this book.
create function ops.lock_own_loan(p_loan bigint)
returns dm.loans
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_loan dm.loans;
begin
    select * into v_loan from dm.loans as l where l.loan_id = p_loan;
    if not found then
        perform ops.refuse('loan_exists', format('There is no loan %s.', p_loan), 'LB404');
    elsif v_loan.owner <> 'loanbook' then
        perform ops.refuse(
            'loan_belongs_to_loanbook',
            format(
                'Loan %s belongs to source %s; its status and payments come with that source''s files.',
                p_loan, v_loan.owner
            ),
            'LB403'
        );
    end if;
    perform c.user_id from dm.clients as c where c.user_id = v_loan.user_id for no key update;
    select * into v_loan from dm.loans as l where l.loan_id = p_loan for no key update;
    return v_loan;
end;
$$;

create function ops.refuse_payment(p_loan dm.loans, p_amount numeric, p_on date)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_loan.status in ('cancelled', 'written_off') then
        perform ops.refuse('loan_is_owed', format(
            'Loan %s is %s; nothing is owed on it.', p_loan.loan_id, replace(p_loan.status, '_', ' ')
        ));
    elsif p_amount > p_loan.due_amount - p_loan.amount_paid then
        perform ops.refuse('payment_within_balance', format(
            '%s is more than the %s that loan %s still owes.', ops.money(p_amount),
            ops.money(p_loan.due_amount - p_loan.amount_paid), p_loan.loan_id
        ));
    elsif p_on < p_loan.issued_on then
        perform ops.refuse('payment_not_before_issue', format(
            'Loan %s was issued on %s; nothing can have been paid on %s.', p_loan.loan_id, p_loan.issued_on, p_on
        ));
    end if;
    perform ops.refuse_future(p_on, 'A payment');
end;
$$;

-- Takes a whole payment back, once. A loan that it had closed is open again.
create function api.reverse_payment(
    p_payment bigint, p_reason text, p_on date default null, p_key text default null,
    out payment_id bigint, out loan_id bigint, out effective_on date, out status text,
    out balance numeric
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_content jsonb;
    v_answer jsonb;
    v_paid dm.payments;
    v_loan dm.loans;
begin
    perform ops.actor();
    select * into v_paid from dm.payments as p where p.payment_id = p_payment;
    if not found then
        perform ops.refuse('payment_exists', format('There is no payment %s.', p_payment), 'LB404');
    end if;
    loan_id := v_paid.loan_id;
    v_loan := ops.lock_own_loan(loan_id);
    if p_key is not null then
        v_content := jsonb_build_object('payment', p_payment, 'reason', p_reason, 'on', p_on);
        v_answer := ops.answer_to(p_key, 'reverse_payment', v_content);
        if v_answer is not null then
            payment_id := v_answer -> 'payment_id';
            effective_on := v_answer ->> 'effective_on';
            status := v_answer ->> 'status';
            balance := v_answer -> 'balance';
            return;
        end if;
    end if;

    effective_on := ops.day_of_action(p_on);
    if p_on is null then
        effective_on := greatest(effective_on, v_paid.effective_on);
    end if;
    perform ops.refuse_reversal(v_paid, p_reason, effective_on);
    perform set_config('loanbook.reason', p_reason, true);
    insert into dm.payments (loan_id, kind, amount, effective_on, idempotency_key, owner, reverses_id)
    values (
        v_loan.loan_id, 'reversal', -v_paid.amount, reverse_payment.effective_on, p_key, 'loanbook', p_payment
    )
    returning payments.payment_id into payment_id;
    v_loan := ops.settle_loan(v_loan, -v_paid.amount);
    perform set_config('loanbook.reason', '', true);
    status := v_loan.status;
    balance := v_loan.due_amount - v_loan.amount_paid;
    if p_key is not null then
        perform ops.remember_answer(
            p_key, 'reverse_payment', v_content,
            jsonb_build_object(
                'payment_id', payment_id, 'effective_on', effective_on, 'status', status, 'balance', balance
            )
        );
    end if;
end;
$$;

create function ops.refuse_reversal(p_paid dm.payments, p_reason text, p_on date)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reversal record;
begin
    if coalesce(p_reason, '') !~ '[^[:space:]]' then
        perform ops.refuse('reversal_has_reason', 'A reversal needs a reason.');
    elsif p_paid.kind <> 'payment' then
        perform ops.refuse('reversal_of_a_payment', format(
            'Movement %s is a %s; only a payment can be reversed.', p_paid.payment_id, p_paid.kind
        ));
    end if;
    select p.payment_id, p.effective_on into v_reversal
    from dm.payments as p where p.reverses_id = p_paid.payment_id;
    if found then
        perform ops.refuse('payments_reversed_once', format(
            'Payment %s was reversed on %s already (movement %s).',
            p_paid.payment_id, v_reversal.effective_on, v_reversal.payment_id
        ));
    elsif p_on < p_paid.effective_on then
        perform ops.refuse('reversal_not_before_payment', format(
            'Payment %s counts from %s; it cannot be reversed on %s.',
            p_paid.payment_id, p_paid.effective_on, p_on
        ));
    end if;
    perform ops.refuse_future(p_on, 'A reversal');
end;
$$;
