"""Who must be told what: reminders to clients, the weekly summary, notices to operators."""
