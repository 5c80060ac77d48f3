"""The results service: where couriers hand over what is too large for the message of their end.

    PUT /v1/blobs/<digest>      store content; its length is declared, its digest checked while it comes in
    GET, HEAD /v1/blobs/<digest>
    GET /healthz, /metrics

Who asks is a pod, proved by its token; it sees the blobs of its own namespace and no others. The operator runs the service
beside itself; libretto-store runs it over a directory.

    application.py    routes, and which error becomes which answer
    tokens.py         who asks?
    blobs.py          what a store of one namespace must be able to do
    receiving.py      content that comes in, piece by piece
    gate.py           how much at one time?
    certificates.py   who is the service, where it speaks TLS?

May import: aiohttp, PyJWT, ports, model, errors. Must not: keep anything itself, or ask the API server for each request.
"""
