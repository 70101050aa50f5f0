// For PM2, in the directory that holds .env:
//   pm2 start /path/to/ecosystem.config.js && pm2 save
// `pm2 stop` and `pm2 restart` send SIGINT, on which ghostcm ends what it has begun.
// `pm2 sendSignal SIGHUP ghostcm-serve` lets it read .env again.
const common = {
  script: "/usr/local/bin/ghostcm",
  interpreter: "none",
  exec_mode: "fork", // it uses all cores by itself
  autorestart: true,
  exp_backoff_restart_delay: 1000, // ms
  stop_exit_codes: [2], // a wrong configuration: another try would find the same
  kill_timeout: 45000, // ms; it drains for 20 s, and again for its jobs
};

module.exports = {
  apps: [
    { ...common, name: "ghostcm-serve", args: "serve" },
    { ...common, name: "ghostcm-worker", args: "worker --metrics-address 127.0.0.1:3001", instances: 1 },
  ],
};
