// Loaded into Ghost's process: SIGUSR2 runs the job that ends access at night, now.
const fs = require('node:fs');
const path = require('node:path');

process.on('SIGUSR2', async () => {
    const said = path.join(process.cwd(), 'nightly.done');
    try {
        const jobs = path.join(fs.realpathSync('current'), 'core/server/services/members/jobs');
        await require(jobs).cleanExpiredComped();
        fs.writeFileSync(said, 'ok');
    } catch (e) {
        fs.writeFileSync(said, String(e.stack));
    }
});
