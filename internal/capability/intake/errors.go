package intake

// Codes of faults, stable for interfaces and reports:
//
//	data.malformed, data.too_many_fields   the data is no JSON object, or has over 300 fields
//	event.type                             another type than lead.created
//	required                               neither last name nor company; neither e-mail address nor phone number
//	context.type                           the context is no object
//	too_deep, too_large                    of rpt_extra and rpt_context
//	column.type, column.too_long, column.range, column.option, column.encoding   the column's own
//	email.syntax, phone.invalid, country.unknown, postalcode.syntax, website.syntax, number.negative
//
// Codes of errors: intake.invalid (a replayed event is still no lead),
// intake.replayed, intake.rules (a file or draft of rules can't be read).
