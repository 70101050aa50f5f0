// Puts members into the database of a Ghost, with labels and newsletter, as years of
// sign-ups would have left them: 20,000 by the API take an hour. Run in the folder of the Ghost.
// node seed.mjs NUMBER
import crypto from 'node:crypto';
import fs from 'node:fs';
import {createRequire} from 'node:module';

const require = createRequire(`${fs.realpathSync('current')}/`);
const config = JSON.parse(fs.readFileSync(fs.readdirSync('.').find(name => /^config\..*\.json$/.test(name))));
const database = {...config.database, client: config.database.client === 'mysql' ? 'mysql2' : config.database.client};
const knex = require('knex')(database);
const total = Number(process.argv[2]);

const first = Date.UTC(2023, 0, 1);
const last = Date.UTC(2026, 9, 1);
const column = at => new Date(at).toISOString().slice(0, 19).replace('T', ' ');
const newID = at => Math.floor(at / 1000).toString(16).padStart(8, '0') + crypto.randomBytes(8).toString('hex');

async function labels() {
    const rows = Array.from({length: 20}, (_, i) => ({
        id: newID(last), name: `Seeded ${i}`, slug: `seeded-${i}`, created_at: column(last), updated_at: column(last)
    }));
    await knex('labels').insert(rows);
    return rows;
}

function member(i, at) {
    return {
        id: newID(at), uuid: crypto.randomUUID(), transient_id: crypto.randomUUID(), email: `seeded${i}@example.com`, name: `Seeded Person ${i}`,
        status: 'free', created_at: column(at), updated_at: column(at), enable_comment_notifications: true, email_count: 0, email_opened_count: 0,
        email_disabled: false
    };
}

const [newsletter, all] = [await knex('newsletters').first(), await labels()];
for (let from = 0; from < total; from += 500) {
    const rows = {members: [], members_newsletters: [], members_labels: [], members_status_events: []};
    for (let i = from; i < Math.min(total, from + 500); i++) {
        const at = first + Math.floor((last - first) * i / total);
        const m = member(i, at);
        rows.members.push(m);
        rows.members_newsletters.push({id: newID(at), member_id: m.id, newsletter_id: newsletter.id});
        rows.members_status_events.push({id: newID(at), member_id: m.id, from_status: null, to_status: 'free', created_at: column(at)});
        for (let k = 0; k < i % 3; k++) {
            rows.members_labels.push({id: newID(at), member_id: m.id, label_id: all[(i + k) % all.length].id, sort_order: k});
        }
    }
    await knex.transaction(async change => {
        for (const [table, list] of Object.entries(rows)) {
            await change.batchInsert(table, list, 100); // SQLite takes so many values at once
        }
    });
}
await knex.destroy();
