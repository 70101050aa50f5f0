package store

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
)

// The keys, all under the namespace that the job layer uses too.
//
//	{ghostcm}:inbox:SITE:ID     hash    what waits for a member (inbox.go)
//	{ghostcm}:waiting           zset    SITE/ID by the time its job is due, Unix milliseconds
//	{ghostcm}:arrived           zset    SITE/ID by the receipt of its oldest event, Unix milliseconds
//	{ghostcm}:member:SITE:ID    string  a member.Memory's record
//	{ghostcm}:address:SITE:XX   hash    records of member.Address, by their hash without its first two characters, XX
//	{ghostcm}:members:SITE      string  how many members were ever remembered
//	{ghostcm}:lock:SITE:…       string  a lease, by its holder's token
//	{ghostcm}:pace:SITE         string  when the site's next request is due, Unix microseconds
//	{ghostcm}:spare:SITE        list    slots that were given back, for a second
//	{ghostcm}:gate:SITE         hash    failures in a row, open breaker or pause
//	{ghostcm}:held:SITE         string  while the site's requests are held back
//	{ghostcm}:reopened:SITE     string  when the gate opened, until waiting jobs were called back twice
//	{ghostcm}:probe             string  written to see whether Redis takes writes
//	{ghostcm}:vanished:SITE:DAY set     ids whose 404 was taken for a deletion on that day
//	{ghostcm}:touched:SITE      set     while a full sync runs: ids that workers saved meanwhile
//	{ghostcm}:run:SITE          hash    who holds the lock of the site's full sync, and since when
//	{ghostcm}:checkpoint:SITE   string  how far a full sync came that was not finished, as JSON
//	{ghostcm}:optout:SITE:ID    string  that a job to look for the member's opt-out is waiting (optout.go)
//	{ghostcm}:census:SITE       string  which chunks the site's remembered census has, as JSON
//	{ghostcm}:census:SITE:HASH  string  a chunk of it, by its content: 20 bytes a member
//	{ghostcm}:catchup:SITE      hash    the site's scheduled catch-up: when, whose turn, how it ended
//	{ghostcm}:heard:SITE        hash    when the site's webhooks came, and were refused (heard.go)
//	{ghostcm}:hooks:SITE        hash    webhooks that were registered in the site's Ghost, by event (hooks.go)
//	{ghostcm}:habit:SITE        hash    days on which the site's webhooks came, and the last silence told (silence.go)
//	{ghostcm}:activity:SITE     stream  what became of events, syncs and operators' doings (activity.go)
//	{ghostcm}:flow:SITE:HOUR    hash    jobs that ended in each minute of the hour, and their lags (flow.go)
//	{ghostcm}:session:ID        string  when a session of the dashboard began (session.go)
//	{ghostcm}:tasks             hash    what processes do in the background, as JSON (task.go)
//	{ghostcm}:task:ID           string  examples of what a task would do, as JSON
//	{ghostcm}:alerts            hash    what was told of each alert and is to be told, as JSON (alert.go)
//	{ghostcm}:heartbeat         string  when the monitor was last pinged, until it may be again
const namespace = "{ghostcm}:"

const (
	waitingKey = namespace + "waiting"
	arrivedKey = namespace + "arrived"
	probeKey   = namespace + "probe"
)

func inboxKey(site, id string) string    { return namespace + "inbox:" + site + ":" + id }
func memberKey(site, id string) string   { return namespace + "member:" + site + ":" + id }
func membersKey(site string) string      { return namespace + "members:" + site }
func paceKey(site string) string         { return namespace + "pace:" + site }
func heldKey(site string) string         { return namespace + "held:" + site }
func reopenedKey(site string) string     { return namespace + "reopened:" + site }
func spareKey(site string) string        { return namespace + "spare:" + site }
func touchedKey(site string) string      { return namespace + "touched:" + site }
func runKey(site string) string          { return namespace + "run:" + site }
func checkpointKey(site string) string   { return namespace + "checkpoint:" + site }
func censusKey(site string) string       { return namespace + "census:" + site }
func chunkKey(site, hash string) string  { return censusKey(site) + ":" + hash }
func catchUpKey(site string) string      { return namespace + "catchup:" + site }
func gateKey(site string) string         { return namespace + "gate:" + site }
func waitingName(site, id string) string { return site + "/" + id }

// addressAt is the hash that holds an address' record, and its field there. There
// are 4,096 of them a site: up to half a million addresses each is small enough
// for Redis to keep without a table, which halves what an address costs.
func addressAt(site, email string) (key, field string) {
	return addressOfHash(site, addressHash(email))
}

func addressOfHash(site, hash string) (key, field string) {
	return addressesKey(site, hash[:2]), hash[2:]
}

func addressesKey(site, part string) string { return namespace + "address:" + site + ":" + part }

func memberLock(site, id string) string { return namespace + "lock:" + site + ":m:" + id }

func addressLock(site, email string) string { return addressLockOf(site, addressHash(email)) }

func addressLockOf(site, hash string) string { return namespace + "lock:" + site + ":a:" + hash }

func vanishedKey(site string, day time.Time) string {
	return fmt.Sprintf("%svanished:%s:%s", namespace, site, day.UTC().Format("20060102"))
}

// AddressName is how an address is called in Redis, for jobs that name one.
func AddressName(email string) string { return addressHash(email) }

// nameLength is that of an AddressName.
const nameLength = 16

// addressHash keeps addresses out of Redis' keys: 96 bits of SHA-256 of the
// address in lower case.
func addressHash(email string) string {
	sum := sha256.Sum256([]byte(member.AddressKey(email)))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
