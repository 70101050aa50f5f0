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

// Ops returns every operation, so that metrics can start with all of them.
func Ops() []string {
	return []string{OpSystemDate, OpSubscriberRead, OpUpdate, OpImport, OpUnsubscribe, OpDelete, OpSubscribersRead,
		OpListRead, OpFieldsRead, OpFieldCreate, OpWebhooksRead, OpWebhookCreate, OpWebhookActivate, OpWebhookDelete}
}

// writesSubscribers says whether the limit on repeated writes of one subscriber
// can meet the operation.
func writesSubscribers(op string) bool {
	switch op {
	case OpUpdate, OpImport, OpUnsubscribe, OpDelete:
		return true
	}
	return false
}
