package payment

// fixtureActions is what each fixture means for access, in the words of tell.
func fixtureActions() map[string]string {
	return map[string]string{
		"lemonsqueezy/order_created.json":
			"grant order order-1 paid 1859 EUR for 1,variant:1,product:1 by dan@lemonsqueezy.com",
		"lemonsqueezy/order_refunded.json":
			"refund order order-1 1859 EUR for 1,variant:1,product:1 by dan@lemonsqueezy.com",
		"lemonsqueezy/subscription_cancelled.json":
			"keep_until order order-1 until 2026-12-01T12:00:00Z snapshot test for price:1,1,variant:1,product:1 by dan@example.test as subscription:1",
		"lemonsqueezy/subscription_created.json":
			"grant order order-1 until 2026-12-01T12:00:00Z renews snapshot test for price:1,1,variant:1,product:1 by dan@example.test as subscription:1",
		"lemonsqueezy/subscription_expired.json":
			"revoke order order-1 snapshot test for price:1,1,variant:1,product:1 by dan@example.test as subscription:1",
		"lemonsqueezy/subscription_paused.json":
			"suspend order order-1 renews snapshot test for price:1,1,variant:1,product:1 by dan@example.test as subscription:1",
		"lemonsqueezy/subscription_payment_failed.json":
			"past_due renews test by dan@example.test as subscription:1,invoice:7",
		"lemonsqueezy/subscription_payment_recovered.json":
			"extend paid renews test 999 USD by dan@example.test as subscription:1,invoice:7",
		"lemonsqueezy/subscription_payment_refunded.json":
			"refund test 999 USD by dan@example.test as subscription:1,invoice:7",
		"lemonsqueezy/subscription_resumed.json":
			"uncancel order order-1 until 2026-12-01T12:00:00Z renews snapshot test for price:1,1,variant:1,product:1 by dan@example.test as subscription:1",
		"lemonsqueezy/subscription_unpaused.json":
			"resume order order-1 until 2026-12-01T12:00:00Z renews snapshot test for price:1,1,variant:1,product:1 by dan@example.test as subscription:1",
		"paddle/adjustment.created.chargeback.approved.json":
			"dispute subscription sub_2 by ctm_2 as txn:txn_2",
		"paddle/adjustment.updated.refund.approved.json":
			"refund subscription sub_2 by ctm_2 as txn:txn_2",
		"paddle/customer.created.json":
			"contact by john.doe+blackhole@paddle.com",
		"paddle/subscription.activated.json":
			"grant subscription sub_1 until 2024-05-12T13:16:08Z renews snapshot for pri_1,pro_1,pri_2,pro_2 by ctm_1",
		"paddle/subscription.canceled.json":
			"revoke subscription sub_1 snapshot for pri_1,pro_1,pri_2,pro_2 by ctm_1",
		"paddle/subscription.created.json":
			"grant subscription sub_1 until 2024-05-12T13:16:08Z renews snapshot for pri_1,pro_1,pri_2,pro_2 by ctm_1 as txn:txn_1",
		"paddle/subscription.past_due.json":
			"past_due subscription sub_1 until 2024-04-12T13:16:08Z renews snapshot for pri_1,pro_1,pri_2,pro_2 by ctm_1",
		"paddle/subscription.paused.json":
			"suspend subscription sub_1 renews snapshot for pri_1,pro_1,pri_2,pro_2 by ctm_1",
		"paddle/subscription.updated.scheduled_cancel.json":
			"keep_until subscription sub_1 until 2024-06-27T09:55:00Z snapshot for pri_1,pro_1,pri_2,pro_2 by ctm_1",
		"paddle/transaction.completed.json":
			"extend subscription sub_2 until 2024-06-27T09:52:50Z paid renews 950 GBP for pri_3,pro_3 by ctm_2 as txn:txn_2,invoice:inv_2",
		"polar/order.paid.one_time.json":
			"grant order ORDER paid 1000 USD for PRICE,PRODUCT by customer@example.com as order:ORDER,checkout:CHECKOUT",
		"polar/order.paid.subscription.json":
			"grant subscription SUB until 2026-11-01T12:00:00Z paid renews 1000 USD for PRICE,PRODUCT by customer@example.com as order:ORDER,checkout:CHECKOUT",
		"polar/order.refunded.json":
			"refund subscription SUB refunded 1000 of 1000 USD for PRICE,PRODUCT by customer@example.com as order:ORDER,checkout:CHECKOUT",
		"polar/subscription.active.json":
			"grant subscription SUB until 2026-12-01T12:00:00Z renews snapshot 1000 USD for PRICE,PRODUCT by customer@example.com as checkout:CHECKOUT",
		"polar/subscription.canceled.at_period_end.json":
			"keep_until subscription SUB until 2026-12-01T12:00:00Z snapshot 1000 USD for PRICE,PRODUCT by customer@example.com as checkout:CHECKOUT",
		"polar/subscription.created.json":
			"ignore subscription SUB 1000 USD for PRICE,PRODUCT by customer@example.com as checkout:CHECKOUT",
		"polar/subscription.cycled.json":
			"ignore",
		"polar/subscription.past_due.json":
			"past_due subscription SUB until 2026-11-01T12:00:00Z renews snapshot 1000 USD for PRICE,PRODUCT by customer@example.com as checkout:CHECKOUT",
		"polar/subscription.resumed.json":
			"resume subscription SUB until 2026-12-01T12:00:00Z renews snapshot 1000 USD for PRICE,PRODUCT by customer@example.com as checkout:CHECKOUT",
		"polar/subscription.revoked.json":
			"revoke subscription SUB snapshot 1000 USD for PRICE,PRODUCT by customer@example.com as checkout:CHECKOUT",
		"polar/subscription.uncanceled.json":
			"uncancel subscription SUB until 2026-12-01T12:00:00Z renews snapshot 1000 USD for PRICE,PRODUCT by customer@example.com as checkout:CHECKOUT",
		"polar/subscription.updated.json":
			"grant subscription SUB until 2026-12-01T12:00:00Z renews snapshot 1000 USD for PRICE,PRODUCT by customer@example.com as checkout:CHECKOUT",
		"stripe/charge.dispute.closed.lost.json":
			"dispute_lost test as charge:ch_1,intent:pi_1",
		"stripe/charge.dispute.created.json":
			"dispute test as charge:ch_1,intent:pi_1",
		"stripe/charge.refunded.full.json":
			"refund test refunded 2000 of 2000 USD by cus_1 as charge:ch_1,intent:pi_1",
		"stripe/charge.refunded.partial.json":
			"partial_refund test refunded 500 of 2000 USD by cus_1 as charge:ch_1,intent:pi_1",
		"stripe/checkout.session.async_payment_succeeded.json":
			"grant order cs_1 paid test 2000 USD by customer@example.com as checkout:cs_1,intent:pi_1",
		"stripe/checkout.session.completed.payment.json":
			"grant order cs_1 paid test 2000 USD for plink_1,gold by customer@example.com as checkout:cs_1,intent:pi_1",
		"stripe/checkout.session.completed.subscription.json":
			"link subscription sub_1 test by customer@example.com as checkout:cs_1,intent:pi_2",
		"stripe/customer.subscription.created.json":
			"ignore subscription sub_1 test 2000 USD for price_1,prod_1 by cus_1",
		"stripe/customer.subscription.deleted.json":
			"revoke subscription sub_1 snapshot test 2000 USD for price_1,prod_1 by cus_1",
		"stripe/customer.subscription.updated.active.json":
			"grant subscription sub_1 until 2026-12-01T12:00:00Z renews snapshot test 2000 USD for price_1,prod_1 by cus_1",
		"stripe/customer.subscription.updated.active.pre-basil.json":
			"grant subscription sub_1 until 2026-12-01T12:00:00Z renews snapshot test 2000 USD for price_1,prod_1 by cus_1",
		"stripe/customer.subscription.updated.cancel_at_period_end.json":
			"keep_until subscription sub_1 until 2026-12-01T12:00:00Z snapshot test 2000 USD for price_1,prod_1 by cus_1",
		"stripe/customer.subscription.updated.past_due.json":
			"past_due subscription sub_1 until 2026-11-01T12:00:00Z renews snapshot test 2000 USD for price_1,prod_1 by cus_1",
		"stripe/invoice.paid.json":
			"extend subscription sub_1 until 2026-12-01T12:00:00Z paid renews test 2000 USD for price_1,prod_1 by customer@example.com as invoice:in_1",
		"stripe/invoice.payment_failed.json":
			"past_due subscription sub_1 until 2026-11-01T12:00:00Z renews test for price_1,prod_1 by customer@example.com as invoice:in_1",
	}
}
