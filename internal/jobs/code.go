package jobs

// CodeOf is the code that WithCode gave an error; "" if it has none.
func CodeOf(err error) string { return codeOf(err) }
