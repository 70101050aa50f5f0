// Prints the configuration of a Ghost that talks to nobody but this machine.
// node config.mjs FOLDER PORT DATABASE MAIL_PORT STRIPE_PORT; DATABASE is "sqlite", or the socket and the name of a MariaDB: "SOCKET:NAME".
const [folder, port, database, mailPort, stripePort] = process.argv.slice(2);
const [socketPath, name] = database.split(':');

const sqlite = {client: 'better-sqlite3', connection: {filename: `${folder}/content/data/ghost.db`}, useNullAsDefault: true};
const mariadb = {client: 'mysql', connection: {socketPath, user: 'ghost', password: 'ghost', database: name}};
const nowhere = 'http://127.0.0.1:9/'; // the port where nobody answers

const config = {
    url: `http://127.0.0.1:${port}/`,
    server: {host: '127.0.0.1', port: Number(port)},
    database: database === 'sqlite' ? sqlite : mariadb,
    paths: {contentPath: `${folder}/content/`},
    mail: {transport: 'SMTP', from: 'noreply@example.com', options: {host: '127.0.0.1', port: Number(mailPort), secure: false, ignoreTLS: true}},
    privacy: {useUpdateCheck: false, useGravatar: false, useRpcPing: false, useIndexNow: false, useStructuredData: false},
    security: {staffDeviceVerification: false, allowWebhookInternalIPs: true},
    emailAnalytics: {enabled: false},
    backgroundJobs: {emailAnalytics: false, clickTrackingLastSeenAtUpdater: false},
    explore: {update_url: '', testimonials_url: ''},
    updateCheck: {url: nowhere, forceUpdate: false},
    logging: {level: 'info', transports: ['stdout'], rotation: {enabled: false}},
    process: 'local'
};
if (stripePort) {
    Object.assign(config, {STRIPE_API_HOST: '127.0.0.1', STRIPE_API_PORT: Number(stripePort), STRIPE_API_PROTOCOL: 'http'});
}
console.log(JSON.stringify(config, null, 2));
