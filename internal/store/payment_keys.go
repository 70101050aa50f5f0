package store

import (
	"crypto/sha256"
	"encoding/base64"
)

// The keys of payments, under the same namespace as those in keys.go.
//
//	{ghostcm}:delivery:SITE:ID                 hash    a delivery that was accepted: its body, and meta as JSON
//	{ghostcm}:delivered:SITE:ID                string  that it was accepted
//	{ghostcm}:deliveries:waiting               zset    SITE/ID of those that are not in the ledger yet, by the time to look after them
//	{ghostcm}:entitlement:SITE:ID              hash    payment.Entitlement as JSON, its version, and where it is indexed
//	{ghostcm}:entitlements:SITE                zset    ids of entitlements, numbered as they came
//	{ghostcm}:entitlements:SITE:STATE          zset    the same, of those in a state
//	{ghostcm}:holder:SITE:HOLDER               set     ids of the entitlements of a member or an address
//	{ghostcm}:alias:SITE:PROVIDER:HASH         set     ids of the entitlements that a purchase's other id names
//	{ghostcm}:orphan:SITE:PROVIDER:HASH        hash    payment.Event as JSON by business key, whose purchase is not known yet
//	{ghostcm}:contact:SITE:PROVIDER:HASH       hash    payment.Customer as JSON, by the provider's customer id, and as of when
//	{ghostcm}:backfill:SITE:PROVIDER           hash    the reading of a provider's books: whose turn, how far, how it ended
//	{ghostcm}:due                              zset    SITE/ID of entitlements, by when to look at them again
//	{ghostcm}:quarantine:SITE:PROVIDER         zset    "ID SIZE NETWORK" of deliveries that failed verification, by receipt
//	{ghostcm}:quarantined:SITE:PROVIDER:ID     hash    such a delivery, as above
//	{ghostcm}:refused:SITE:PROVIDER            string  how many were not kept since there was no room
//	{ghostcm}:unproven:SITE:NETWORK            string  how many came in an hour that only their provider can verify
//	{ghostcm}:applied:SITE                     hash    digests of the settings that the ledger and the quarantine were last held against
//	{ghostcm}:heard:SITE:PROVIDER              hash    when the provider's webhooks came, and were refused (heard.go)
//	{ghostcm}:grant:SITE:MEMBER                string  Grant as JSON: what we mean Ghost to give the member
const (
	deliveriesKey = namespace + "deliveries:waiting"
	dueKey        = namespace + "due"
)

func paymentDeliveryKey(site, id string) string { return namespace + "delivery:" + site + ":" + id }
func deliveredKey(site, id string) string       { return namespace + "delivered:" + site + ":" + id }
func entitlementKey(site, id string) string     { return namespace + "entitlement:" + site + ":" + id }
func entitlementsKey(site string) string        { return namespace + "entitlements:" + site }
func standingKey(site, state string) string     { return entitlementsKey(site) + ":" + state }
func holderKey(site string, h Holder) string    { return namespace + "holder:" + site + ":" + string(h) }
func refusedKey(site, provider string) string   { return namespace + "refused:" + site + ":" + provider }
func unprovenKey(site, network string) string   { return namespace + "unproven:" + site + ":" + network }
func grantKey(site, member string) string       { return namespace + "grant:" + site + ":" + member }

func aliasKey(site, provider, alias string) string {
	return namespace + "alias:" + site + ":" + provider + ":" + idHash(alias)
}

func orphanKey(site, provider, alias string) string {
	return namespace + "orphan:" + site + ":" + provider + ":" + idHash(alias)
}

func contactKey(site, provider, customer string) string {
	return namespace + "contact:" + site + ":" + provider + ":" + idHash(customer)
}

func quarantineKey(site, provider string) string {
	return namespace + "quarantine:" + site + ":" + provider
}

func quarantinedKey(site, provider, id string) string {
	return namespace + "quarantined:" + site + ":" + provider + ":" + id
}

// idHash makes a key's part of an id that a provider chose, however long it is:
// 128 bits of SHA-256.
func idHash(id string) string {
	sum := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
