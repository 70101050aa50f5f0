// A mail server on loopback that delivers to nobody: each mail becomes a file in a folder.
// node mail.mjs FOLDER PORT
import fs from 'node:fs';
import net from 'node:net';

const [folder, port] = process.argv.slice(2);
let mails = 0;

function keep(text) {
    const name = `${folder}/${String(++mails).padStart(6, '0')}`;
    fs.writeFileSync(`${name}.part`, text);
    fs.renameSync(`${name}.part`, `${name}.eml`); // whoever reads sees whole mails only
}

function serve(socket) {
    let read = '';
    let inData = false;
    const say = line => socket.write(`${line}\r\n`);
    const take = () => {
        const end = inData ? read.indexOf('\r\n.\r\n') : read.indexOf('\r\n');
        if (end < 0) {
            return false;
        }
        const text = read.slice(0, end);
        read = read.slice(end + (inData ? 5 : 2));
        const word = inData ? '' : text.slice(0, 4).toUpperCase();
        if (inData) {
            keep(text);
            inData = false;
        } else if (word === 'DATA') {
            inData = true;
            say('354 go on');
            return true;
        } else if (word === 'QUIT') {
            say('221 bye');
            socket.end();
            return false;
        }
        say('250 ok');
        return true;
    };
    socket.setEncoding('utf8').on('data', chunk => {
        read += chunk;
        while (take());
    }).on('error', () => {});
    say('220 loopback');
}

net.createServer(serve).listen(Number(port), '127.0.0.1');
