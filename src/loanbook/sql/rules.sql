-- Every rule by name and in words. Names of table constraints stand here too, so that a refused
-- line, a finding and an error message all speak with one voice.
insert into ops.rules (rule, nature, sentence)
values
('line_columns', 'refusal', 'The line has another number of columns than the header.'),
(
    'line_characters',
    'refusal',
    'The line holds characters that no text can hold (NUL bytes or broken encoding).'
),
('line_quotes', 'refusal', 'A quotation mark is opened and never closed.'),
('clients_user_id_missing', 'refusal', 'user_id is missing.'),
('clients_user_id_malformed', 'refusal', 'user_id is not a whole number in plain digits.'),
(
    'clients_user_id_owner',
    'refusal',
    'user_id must be between 1 and 999999999; ids from 1000000000 on are made by Loanbook.'
),
('clients_created_at_missing', 'refusal', 'created_at is missing.'),
('clients_created_at_malformed', 'refusal', 'created_at is not a date and time written YYYY-MM-DD HH:MM:SS.'),
('clients_created_at_range', 'refusal', 'created_at must lie between the years 1900 and 2199.'),
('clients_status_missing', 'refusal', 'status is missing.'),
('clients_status_known', 'refusal', 'status must be approved or denied.'),
('clients_batch_missing', 'refusal', 'batch is missing.'),
('clients_batch_malformed', 'refusal', 'batch is not a whole number in plain digits.'),
('clients_batch_positive', 'refusal', 'batch must be positive.'),
('clients_credit_limit_missing', 'refusal', 'credit_limit is missing.'),
(
    'clients_credit_limit_malformed',
    'refusal',
    'credit_limit is not an amount in plain digits with a decimal point.'
),
(
    'clients_credit_limit_valid',
    'refusal',
    'credit_limit must not be negative and must stay below 1000000000000.'
),
('clients_credit_limit_two_decimals', 'refusal', 'credit_limit has more than two decimals.'),
('clients_interest_rate_missing', 'refusal', 'interest_rate is missing.'),
(
    'clients_interest_rate_malformed',
    'refusal',
    'interest_rate is not a number in plain digits with a decimal point.'
),
('clients_interest_rate_valid', 'refusal', 'interest_rate must lie between 0 and 10000 percent per year.'),
('clients_interest_rate_four_decimals', 'refusal', 'interest_rate has more than four decimals.'),
('clients_denied_at_malformed', 'refusal', 'denied_at is not a date and time written YYYY-MM-DD HH:MM:SS.'),
('clients_denied_at_range', 'refusal', 'denied_at must lie between the years 1900 and 2199.'),
('clients_denial_dated', 'refusal', 'A denied client needs denied_at.'),
('clients_approved_undenied', 'refusal', 'An approved client has neither denied_at nor denied_reason.'),
('clients_denied_reason_short', 'refusal', 'denied_reason is longer than 200 characters.'),
(
    'clients_contradicting_repeat',
    'refusal',
    'The file names this user_id more than once with different content.'
),
('clients_other_owner', 'refusal', 'This user_id belongs to another source.'),
('contacts_user_id_missing', 'refusal', 'user_id is missing.'),
('contacts_user_id_malformed', 'refusal', 'user_id is not a whole number in plain digits.'),
('contacts_user_id_range', 'refusal', 'user_id must be between 1 and 999999999 in a file.'),
('contacts_client_fkey', 'refusal', 'There is no client with this user_id.'),
('contacts_name_short', 'refusal', 'name is longer than 200 characters.'),
('contacts_email_short', 'refusal', 'email is longer than 320 characters.'),
('contacts_tax_id_short', 'refusal', 'tax_id is longer than 40 characters.'),
('contacts_locale_short', 'refusal', 'locale is longer than 40 characters.'),
('contacts_phone_short', 'refusal', 'phone is longer than 40 characters.'),
(
    'contacts_opted_out_at_malformed',
    'refusal',
    'opted_out_at is not a date and time written YYYY-MM-DD HH:MM:SS.'
),
('contacts_opted_out_at_range', 'refusal', 'opted_out_at must lie between the years 1900 and 2199.'),
(
    'contacts_contradicting_repeat',
    'refusal',
    'The file names this user_id more than once with different content.'
),
('contacts_other_owner', 'refusal', 'This contact belongs to another source.'),
('loans_loan_id_missing', 'refusal', 'loan_id is missing.'),
('loans_loan_id_malformed', 'refusal', 'loan_id is not a whole number in plain digits.'),
(
    'loans_loan_id_owner',
    'refusal',
    'loan_id must be between 1 and 999999999; ids from 1000000000 on are made by Loanbook.'
),
('loans_user_id_missing', 'refusal', 'user_id is missing.'),
('loans_user_id_malformed', 'refusal', 'user_id is not a whole number in plain digits.'),
('loans_client_fkey', 'refusal', 'There is no client with this user_id.'),
(
    'loans_user_id_immutable',
    'refusal',
    'The loan stands under another user_id; a loan never changes its client.'
),
('loans_other_owner', 'refusal', 'This loan_id belongs to another source.'),
('loans_created_at_missing', 'refusal', 'created_at is missing.'),
('loans_created_at_malformed', 'refusal', 'created_at is not a date and time written YYYY-MM-DD HH:MM:SS.'),
('loans_created_at_range', 'refusal', 'created_at must lie between the years 1900 and 2199.'),
('loans_due_at_missing', 'refusal', 'due_at is missing.'),
('loans_due_at_malformed', 'refusal', 'due_at is not a date and time written YYYY-MM-DD HH:MM:SS.'),
('loans_due_at_range', 'refusal', 'due_at must lie before the year 2200.'),
('loans_due_after_created', 'refusal', 'due_at must be later than created_at.'),
('loans_paid_at_malformed', 'refusal', 'paid_at is not a date and time written YYYY-MM-DD HH:MM:SS.'),
('loans_paid_at_range', 'refusal', 'paid_at must lie before the year 2200.'),
('loans_paid_not_before_created', 'refusal', 'paid_at must not be earlier than created_at.'),
('loans_paid_has_date', 'refusal', 'A paid loan needs paid_at.'),
('loans_unpaid_has_no_date', 'refusal', 'Only a paid loan has paid_at.'),
('loans_status_missing', 'refusal', 'status is missing.'),
('loans_status_known', 'refusal', 'status must be ongoing, paid, default, cancelled or written_off.'),
('loans_loan_amount_missing', 'refusal', 'loan_amount is missing.'),
(
    'loans_loan_amount_malformed',
    'refusal',
    'loan_amount is not an amount in plain digits with a decimal point.'
),
('loans_loan_amount_positive', 'refusal', 'loan_amount must be positive and stay below 1000000000000.'),
('loans_loan_amount_two_decimals', 'refusal', 'loan_amount has more than two decimals.'),
('loans_tax_missing', 'refusal', 'tax is missing.'),
('loans_tax_malformed', 'refusal', 'tax is not an amount in plain digits with a decimal point.'),
('loans_tax_valid', 'refusal', 'tax must not be negative and must stay below 1000000000000.'),
('loans_tax_two_decimals', 'refusal', 'tax has more than two decimals.'),
('loans_due_amount_missing', 'refusal', 'due_amount is missing.'),
(
    'loans_due_amount_malformed',
    'refusal',
    'due_amount is not an amount in plain digits with a decimal point.'
),
('loans_due_amount_positive', 'refusal', 'due_amount must be positive and stay below 1000000000000.'),
('loans_due_amount_two_decimals', 'refusal', 'due_amount has more than two decimals.'),
('loans_amount_paid_missing', 'refusal', 'amount_paid is missing.'),
(
    'loans_amount_paid_malformed',
    'refusal',
    'amount_paid is not an amount in plain digits with a decimal point.'
),
('loans_amount_paid_valid', 'refusal', 'amount_paid must not be negative and must stay below 1000000000000.'),
('loans_amount_paid_two_decimals', 'refusal', 'amount_paid has more than two decimals.'),
(
    'loans_contradicting_repeat',
    'refusal',
    'The file names this loan_id more than once with different content.'
),
('clients_gone', 'state', 'The client is gone from a full file, but is kept here.'),
(
    'clients_amendment_overruled',
    'event',
    'The source changed a field that had been amended here; the source''s value stands.'
),
(
    'contacts_amendment_overruled',
    'event',
    'The source changed a field that had been amended here; the source''s value stands.'
),
('contacts_email_malformed', 'state', 'The e-mail address is not one.'),
('loans_contract_differs', 'state', 'The amounts differ from the contract by more than a cent.'),
('loans_term_not_90_days', 'state', 'The loan does not run 90 days to the second.'),
('loans_paid_short', 'state', 'The loan is called paid, but less than the amount due was paid.'),
('loans_overpaid', 'state', 'More was paid than is due.'),
('loans_paid_late', 'state', 'The loan was paid after it was due.'),
('loans_above_limit', 'state', 'The principal is above the limit that the client had at issue.'),
('loans_after_denial', 'state', 'The loan was issued after the client had been denied.'),
('loans_second_open', 'state', 'The client has an older open loan.'),
('loans_amount_lowered', 'event', 'The source lowered the sum paid so far.'),
('loans_gone', 'state', 'The loan is gone from a full file, but is kept here.')
on conflict (rule) do update
    set nature = excluded.nature, sentence = excluded.sentence
    where (rules.nature, rules.sentence) is distinct from (excluded.nature, excluded.sentence);
