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
(
    'line_length',
    'refusal',
    'The line is longer than longest_line in loanbook.toml allows; all of it is in the archive.'
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
('contacts_name_printable', 'refusal', 'A name told here has no control characters or line breaks.'),
('contacts_email_shape', 'refusal', 'An e-mail address told here is one, of at most 254 characters.'),
('contacts_tax_id_shape', 'refusal', 'A tax id told here is a CPF (11 digits) or a CNPJ (14 characters).'),
(
    'contacts_phone_shape',
    'refusal',
    'A telephone number told here is international, such as +5511987654321.'
),
('contacts_locale_known', 'refusal', 'locale must be pt-BR or en.'),
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
('loan_exists', 'refusal', 'There is no loan of this number.'),
(
    'loan_belongs_to_loanbook',
    'refusal',
    'A source owns the loan: its status and payments come with the sources files.'
),
('client_is_approved', 'refusal', 'The client is denied and takes no new loan.'),
(
    'client_has_no_default',
    'refusal',
    'The client has a defaulted loan, which must be paid before a new one.'
),
(
    'loans_one_open_per_client',
    'refusal',
    'The client has an open loan, which must be paid before a new one.'
),
('loan_not_before_client', 'refusal', 'A loan cannot be issued before its client was registered.'),
('loan_within_credit_limit', 'refusal', 'The principal is above the clients credit limit.'),
('product_stands_on_day', 'refusal', 'No version of the product stands on the day of issue.'),
('product_exists', 'refusal', 'There is no product of this number.'),
('product_minimum_amount', 'refusal', 'The principal is less than the product lends at least.'),
('product_maximum_amount', 'refusal', 'The principal is more than the product lends at most.'),
('product_change_has_reason', 'refusal', 'A change of a product needs a reason.'),
('product_change_after_last', 'refusal', 'A change of a product begins after its last version did.'),
(
    'product_change_after_contracts',
    'refusal',
    'Contracts were made under the standing terms on or after that day.'
),
('products_one_version_a_day', 'refusal', 'On each day one version of a product stands.'),
(
    'products_terms_stand',
    'refusal',
    'The terms of a version of a product never change; only its end may be set.'
),
('products_term_days_valid', 'refusal', 'term_days must lie between 1 and 3650.'),
('products_grace_days_valid', 'refusal', 'grace_days must lie between 0 and 3650.'),
('products_day_count_known', 'refusal', 'day_count must be 360 or 365.'),
('products_name_short', 'refusal', 'The name of a product has 1 to 100 characters.'),
('products_amounts_in_order', 'refusal', 'The least principal must not be above the greatest.'),
('products_tax_valid', 'refusal', 'A percent of tax must lie between 0 and 100.'),
('products_tax_six_decimals', 'refusal', 'A percent of tax has at most six decimals.'),
(
    'products_limit_positive',
    'refusal',
    'A limit of a product must be positive and stay below 1000000000000.'
),
('products_limit_two_decimals', 'refusal', 'A limit of a product has more than two decimals.'),
('payment_exists', 'refusal', 'There is no payment of this number.'),
('payments_amount_missing', 'refusal', 'The amount is missing.'),
('payments_amount_positive', 'refusal', 'The amount must be positive and stay below 1000000000000.'),
('payments_amount_two_decimals', 'refusal', 'The amount has more than two decimals.'),
('payment_within_balance', 'refusal', 'The payment is more than the loan still owes.'),
('payment_not_before_issue', 'refusal', 'A payment cannot count from a day before its loan was issued.'),
('loan_is_owed', 'refusal', 'Nothing is owed on a loan that is cancelled or written off.'),
('day_in_range', 'refusal', 'The day must lie between the years 1900 and 2199.'),
('day_not_in_future', 'refusal', 'Neither the book nor the lenders clock has reached that day.'),
('reversal_has_reason', 'refusal', 'A reversal needs a reason.'),
('reversal_of_a_payment', 'refusal', 'Only a payment can be reversed.'),
('payments_reversed_once', 'refusal', 'A payment is reversed once at most.'),
('reversal_not_before_payment', 'refusal', 'A reversal cannot count from a day before its payment.'),
(
    'reversal_opens_second_loan',
    'refusal',
    'A loan is not opened again beside another open loan of its client.'
),
('cancellation_has_reason', 'refusal', 'A cancellation needs a reason.'),
('cancellation_of_open_loan', 'refusal', 'Only an open loan can be cancelled.'),
('cancellation_without_money', 'refusal', 'A loan on which money stands cannot be cancelled.'),
('cancellation_on_day_of_issue', 'refusal', 'A loan can be cancelled on the day it was issued only.'),
('requests_key_is_a_name', 'refusal', 'The key of a request has 1 to 200 printable characters.'),
('idempotency_key_reused', 'refusal', 'The key was used for another request.'),
('book_never_goes_back', 'refusal', 'The book stands at a later day.'),
('purge_keeps_a_week', 'refusal', 'What is younger than a week is kept.'),
('purge_is_due', 'refusal', 'It is not due to go: it is too young, or the book still needs it.'),
('run_is_claimed', 'refusal', 'A run begins only in a session that has claimed the runs.'),
('run_is_running', 'refusal', 'The run is not being done in this session.'),
('step_is_running', 'refusal', 'The step is not being done.'),
('letter_exists', 'refusal', 'There is no letter of this number.'),
('sender_is_here', 'refusal', 'Letters are claimed only in the session in which their sender entered.'),
('fate_known', 'refusal', 'What became of a letter is sent, failed, suppressed or unknown.'),
('team_letters_known', 'refusal', 'A letter to the lenders own people is a summary or a notice.'),
('recipient_is_an_address', 'refusal', 'The recipient of a letter must be an e-mail address.'),
('resolution_has_reason', 'refusal', 'Resolving a letter needs a reason.'),
('resolution_known', 'refusal', 'A letter is resolved as sent, planned or cancelled.'),
('resolution_of_unknown', 'refusal', 'Only a letter of which nobody knows whether it was sent is resolved.'),
('retry_has_reason', 'refusal', 'Trying a letter again needs a reason.'),
('letter_loans_step_once', 'refusal', 'Another letter tells the same step of the loan.'),
('retry_of_failed', 'refusal', 'Only a letter that failed or was suppressed is tried again.'),
('suppression_has_reason', 'refusal', 'Suppressing an address needs a reason.'),
('suppression_of_an_address', 'refusal', 'What is suppressed must be an e-mail address.'),
('dispute_has_reason', 'refusal', 'A dispute needs a reason.'),
('disputes_one_standing', 'refusal', 'The loan is disputed already.'),
('settlement_has_reason', 'refusal', 'Settling a dispute needs a reason.'),
('dispute_stands', 'refusal', 'The loan is not disputed.'),
('loans_cured', 'event', 'The loan was paid in full after it had been a default; its client stays denied.'),
('loans_ongoing_past_grace', 'state', 'The source calls the loan ongoing, though it is past its grace.'),
('loans_ongoing_though_paid', 'state', 'The source calls the loan ongoing, though it is paid in full.'),
('loans_default_though_paid', 'state', 'The source calls the loan a default, though it is paid in full.'),
('loans_default_within_grace', 'state', 'The source calls the loan a default within its grace.'),
('loans_default_undenied', 'state', 'The loan is a default, but its client is not denied.'),
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
('contacts_undeliverable', 'state', 'Letters to the e-mail address come back; it is to be mended.'),
('loans_contract_differs', 'state', 'The amounts differ from the contract by more than a cent.'),
('loans_term_not_90_days', 'state', 'The loan does not run 90 days to the second.'),
('loans_paid_short', 'state', 'The loan is called paid, but less than the amount due was paid.'),
('loans_overpaid', 'state', 'More was paid than is due.'),
('loans_paid_late', 'state', 'The loan was paid after it was due.'),
('loans_above_limit', 'state', 'The principal is above the limit that the client had at issue.'),
('loans_after_denial', 'state', 'The loan was issued after the client had been denied.'),
('loans_second_open', 'state', 'The client has an older open loan.'),
('loans_amount_lowered', 'event', 'The source lowered the sum paid so far.'),
('loans_gone', 'state', 'The loan is gone from a full file, but is kept here.'),
(
    'clients_two_sources',
    'state',
    'A second source delivers this user_id; what its owner says stands, the other line waits in quarantine.'
),
(
    'loans_two_sources',
    'state',
    'A second source delivers this loan_id; what its owner says stands, the other line waits in quarantine.'
),
('source_unreachable', 'state', 'The source could not be reached, or did not let us in.'),
('source_late', 'state', 'The source had not delivered for the day by the time that was expected.'),
('source_file_refused', 'state', 'A file of the source could not be taken; it is kept.'),
('source_columns_missing', 'state', 'Columns that the layout reads are missing from the file; it is kept.'),
('source_columns_new', 'state', 'The file has columns that earlier ones did not have.'),
('source_column_empty', 'state', 'A column that held values before holds none; the file is kept.'),
('source_count_unusual', 'state', 'The file has far more or far fewer rows than the ones before.'),
('source_range_has_room', 'refusal', 'The range of ids of the source is used up.')
on conflict (rule) do update
    set nature = excluded.nature, sentence = excluded.sentence
    where (rules.nature, rules.sentence) is distinct from (excluded.nature, excluded.sentence);
