// Answers a Ghost as Stripe does, as far as Ghost 6 asks; everything is in memory.
// node stripe.mjs PORT
// The tests tell it what happens at Stripe:
//   POST /_ctl/sub {id, customer, email, product, price, amount, status, cancel_at_period_end}
//        a subscription, new or changed; answers how Stripe shows it. Ghost hears of it
//        by the webhook that the caller sends.
//   GET  /_ctl/dump  everything there is, by kind and id
import http from 'node:http';

const port = Number(process.argv[2]);
const kept = {customers: {}, subscriptions: {}, products: {}, prices: {}};
let made = 0;

const newID = kind => `${kind}_standin${String(++made).padStart(5, '0')}`;
const seconds = () => Math.floor(Date.now() / 1000);
const month = 30 * 86400;

function customer(id) {
    kept.customers[id] ??= {id, object: 'customer', email: `${id}@example.com`, name: null, invoice_settings: {default_payment_method: null}};
    return kept.customers[id];
}

function price(id, {product = 'prod_standin', nickname = 'Monthly', currency = 'usd', amount = 500, interval = 'month'} = {}) {
    kept.prices[id] ??= {id, object: 'price', active: true, product, nickname, currency, unit_amount: amount, type: 'recurring', recurring: {interval}};
    return kept.prices[id];
}

function shownSubscription(s) {
    const ends = s.status === 'canceled' || s.cancel_at_period_end;
    const charged = kept.prices[s.price];
    return {
        id: s.id, object: 'subscription', customer: s.customer, status: s.status, metadata: {},
        cancel_at_period_end: Boolean(s.cancel_at_period_end), canceled_at: ends ? seconds() : null, cancellation_details: {reason: null},
        start_date: s.start_date, current_period_start: s.start_date, current_period_end: s.start_date + month,
        trial_start: null, trial_end: null, default_payment_method: null, discount: null,
        plan: {nickname: charged?.nickname}, items: {object: 'list', data: [{id: `si_${s.id}`, price: charged}]}
    };
}

function shownCustomer(c) {
    const own = Object.values(kept.subscriptions).filter(s => s.customer === c.id);
    return {...c, subscriptions: {object: 'list', data: own.map(shownSubscription)}};
}

function tellSubscription(told) {
    const {email, product, amount, ...rest} = told;
    const before = kept.subscriptions[told.id] ?? {status: 'active', start_date: seconds(), price: 'price_standin'};
    const now = {...before, ...rest};
    price(now.price, {product, amount});
    if (email) {
        customer(now.customer).email = email;
    }
    kept.subscriptions[now.id] = now;
    return shownSubscription(now);
}

const missing = {status: 404, body: {error: {type: 'invalid_request_error', code: 'resource_missing', message: 'No such subscription'}}};

// routes are by what follows /v1/; form is the body that Ghost sent.
const routes = {
    customers({id, form}) {
        if (id === 'search') {
            return {object: 'search_result', data: []};
        }
        if (id) {
            return shownCustomer(customer(id));
        }
        return shownCustomer(Object.assign(customer(newID('cus')), {email: form.get('email'), name: form.get('name')}));
    },
    subscriptions({method, id, form}) {
        if (!id) {
            const s = {id: newID('sub'), customer: form.get('customer'), price: form.get('items[0][price]') ?? form.get('items[0][plan]')};
            return tellSubscription(s);
        }
        const s = kept.subscriptions[id];
        if (!s) {
            return missing;
        }
        if (method === 'DELETE') {
            s.status = 'canceled';
        }
        if (method === 'POST') {
            s.cancel_at_period_end = form.has('cancel_at_period_end') ? form.get('cancel_at_period_end') === 'true' : s.cancel_at_period_end;
            s.price = form.get('items[0][price]') ?? s.price;
        }
        return shownSubscription(s);
    },
    products({id, form}) {
        const key = id ?? newID('prod');
        kept.products[key] ??= {id: key, object: 'product', active: true, name: form.get('name')};
        return kept.products[key];
    },
    prices({id, form}) {
        if (id) {
            return price(id);
        }
        const interval = form.get('recurring[interval]');
        const key = newID('price');
        kept.prices[key] = {
            id: key, object: 'price', active: true, product: form.get('product'), nickname: form.get('nickname'), currency: form.get('currency'),
            unit_amount: Number(form.get('unit_amount')), type: interval ? 'recurring' : 'one_time', recurring: interval ? {interval} : null
        };
        return kept.prices[key];
    },
    webhook_endpoints: ({id}) => ({id: id ?? newID('we'), object: 'webhook_endpoint', secret: 'whsec_standin'}),
    billing_portal: () => ({id: newID('bpc'), object: 'billing_portal.configuration'})
};

function answer(request, body) {
    const [first, kind, id] = new URL(request.url, 'http://stripe').pathname.split('/').filter(Boolean);
    if (first === '_ctl') {
        return kind === 'sub' ? tellSubscription(JSON.parse(body)) : kept;
    }
    const route = routes[kind] ?? (() => ({id: newID('obj'), object: kind}));
    return route({method: request.method, id, form: new URLSearchParams(body)});
}

http.createServer((request, response) => {
    let body = '';
    request.on('data', chunk => body += chunk).on('end', () => {
        const said = answer(request, body);
        const refused = said === missing;
        response.writeHead(refused ? missing.status : 200, {'content-type': 'application/json', 'request-id': newID('req')});
        response.end(JSON.stringify(refused ? missing.body : said));
    });
}).listen(port, '127.0.0.1');
