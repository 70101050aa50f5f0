package campaignmonitor

// The operations, as Error.Op and Observe name them.
const (
	OpSystemDate      = "system_date"
	OpSubscriberRead  = "subscriber_read"
	OpUpdate          = "subscriber_update"
	OpImport          = "subscribers_import"
	OpUnsubscribe     = "subscriber_unsubscribe"
	OpDelete          = "subscriber_delete"
	OpSubscribersRead = "subscribers_read"
	OpListRead        = "list_read"
	OpFieldsRead      = "fields_read"
	OpFieldCreate     = "field_create"
	OpWebhooksRead    = "webhooks_read"
	OpWebhookCreate   = "webhook_create"
	OpWebhookActivate = "webhook_activate"
	OpWebhookDelete   = "webhook_delete"
)

// writesSubscribers says whether the limit on repeated writes of one subscriber
// can meet the operation.
func writesSubscribers(op string) bool {
	switch op {
	case OpUpdate, OpImport, OpUnsubscribe, OpDelete:
		return true
	}
	return false
}

// maxAnswer bounds the answer to an operation in bytes after decompression. A
// page of 1,000 subscribers with every custom field filled has some 20 MiB; an
// import that refuses all of its 1,000 names each of them.
func maxAnswer(op string) int64 {
	switch op {
	case OpSubscribersRead:
		return 32 << 20
	case OpImport:
		return 4 << 20
	}
	return 1 << 20
}
