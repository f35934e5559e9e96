"""Prediction over HTTP on this machine: `gencls serve MODEL`. FastAPI, uvicorn and prometheus-client come with the extra `serve`.

| module | does |
|---|---|
| command | the command line |
| server | a socket, the model in one thread, a stop that answers what was accepted |
| app | the routes |
| options | how much is accepted and how long is waited |
| batcher | requests together through the model |
| limits | what is refused, by a token, a size or a time, before it is read as a request |
| heads | a time limit for the head of a request |
| meters | what /metrics says |
| page | the page at / |

/openapi.json describes the requests; no page shows it, since those that exist load scripts from other machines.
"""
