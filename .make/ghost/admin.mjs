// Makes a new Ghost ready by its own API, and prints what the tests need to know of it.
// node admin.mjs wait URL            until it answers
// node admin.mjs setup URL [stripe]  owner, custom integration, and the keys of the stand-in for Stripe
import {setTimeout} from 'node:timers/promises';

const [command, base, stripe] = process.argv.slice(2);
const owner = {email: 'owner@example.com', password: 'correct-horse-battery-9'};
let cookie = '';

async function ask(method, path, body) {
    const headers = {'Content-Type': 'application/json', Origin: base};
    if (cookie) {
        headers.Cookie = cookie;
    }
    const answer = await fetch(`${base}/ghost/api/admin/${path}`, {method, headers, body: body && JSON.stringify(body)});
    const set = answer.headers.getSetCookie();
    if (set.length) {
        cookie = set.map(c => c.split(';')[0]).join('; ');
    }
    const text = await answer.text();
    if (!answer.ok) {
        throw new Error(`${method} ${path} was answered ${answer.status} ${text}`);
    }
    return text.startsWith('{') ? JSON.parse(text) : text;
}

// wait gives a loaded machine all the time that a first start with migrations may take.
async function wait() {
    for (const until = Date.now() + 600_000; ; await setTimeout(200)) {
        try {
            return await ask('GET', 'site/');
        } catch (e) {
            if (Date.now() > until) {
                throw e;
            }
        }
    }
}

async function setup() {
    const {setup: [{status: done}]} = await ask('GET', 'authentication/setup/');
    if (!done) {
        await ask('POST', 'authentication/setup/', {setup: [{name: 'Owner', ...owner, blogTitle: 'Test Site'}]});
    }
    cookie = '';
    await ask('POST', 'session/', {username: owner.email, password: owner.password});
    if (stripe) {
        await ask('PUT', 'settings/', {settings: [
            {key: 'stripe_secret_key', value: 'sk_test_abcDEF123456789'},
            {key: 'stripe_publishable_key', value: 'pk_test_abcDEF123456789'}
        ]});
    }
    const {integrations: [made]} = await ask('POST', 'integrations/?include=api_keys', {integrations: [{name: 'ghostcm e2e'}]});
    console.log(`GHOSTCM_TEST_GHOST_URL=${base}`);
    console.log(`GHOSTCM_TEST_GHOST_KEY=${made.api_keys.find(k => k.type === 'admin').secret}`);
    console.log(`GHOSTCM_TEST_GHOST_OWNER=${owner.email}:${owner.password}`);
}

await {wait, setup}[command]();
