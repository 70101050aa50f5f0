// Package providertest imitates payment providers, for tests and the demo. What it
// imitates is strict where the provider is: a test that passes here fails there only
// where the provider's documentation is wrong.
package providertest
