// Package provider asks payment providers: for the certificate that signs PayPal's
// webhooks, whether PayPal sent an IPN message, whether Gumroad knows a sale, and
// what was sold while nobody listened.
//
// It promises that every call is bounded in time and in memory, that a certificate
// comes from PayPal's own hosts only and is checked before it is given to anybody,
// and that each failure is one *Error whose Kind says what to do next and whose text
// has no key, no address and nothing that the other side said.
//
// What an event means is the business of package payment; when to ask, and when to
// ask again, that of the callers.
package provider
