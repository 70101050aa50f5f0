"""The seed's receiver: FastAPI and rq, the work that its README describes.

Kinder to Python than the seed was: one pool of connections to Redis, hiredis,
uvloop and httptools where they are installed, no log line for each request.
"""
import hashlib
import hmac
import json
import os
import time
import uuid

import redis
from fastapi import FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from rq import Queue, Retry

SECRET = os.environ["SECRET"].encode()
connection = redis.Redis.from_url(os.environ["REDIS_URL"])
queue = Queue("ghost-cm-sync", connection=connection)
app = FastAPI()


def genuine(body, header):
    parts = dict(p.split("=", 1) for p in (header or "").split(", ") if "=" in p)
    signature, sent = parts.get("sha256", ""), parts.get("t", "")
    if not sent.isdigit() or abs(time.time() * 1000 - int(sent)) > 5 * 60 * 1000:
        return False
    want = hmac.new(SECRET, body + sent.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(want, signature)


@app.post("/webhook/ghost/{site}")
async def hook(site: str, request: Request, event: str = "", x_ghost_signature: str = Header(None)):
    body = await request.body()
    if not genuine(body, x_ghost_signature):
        raise HTTPException(401, "Invalid webhook signature")
    payload = json.loads(body)
    if not connection.set("idem:%s:%s" % (site, hashlib.sha256(body).hexdigest()), 1, nx=True, ex=86400):
        return JSONResponse({"status": "duplicate"}, 200)
    job = str(uuid.uuid4())
    queue.enqueue("tasks.process", {"event": event, "site": site, "payload": payload}, job_id=job,
                  retry=Retry(max=5, interval=[1, 2, 4, 8, 16]), result_ttl=60)
    return JSONResponse({"status": "accepted", "site_id": site, "job_id": job, "event_type": event}, 202)


@app.get("/readyz")
async def ready():
    return {"status": "healthy"}
