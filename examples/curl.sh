#!/bin/sh
# The API with curl and nothing else. REGBRIEF_URL and REGBRIEF_API_KEY name another server and a key.
set -eu
server=${REGBRIEF_URL:-http://127.0.0.1:7860}

call() {
    curl --silent --show-error --fail-with-body -H "Authorization: Bearer ${REGBRIEF_API_KEY:-none}" "$@"
    echo
}

json='content-type: application/json'

# Ask, and ask in a stream of events.
call "$server/api/v1/ask" -H "$json" -d '{"question": "螞蟻集團上市為何暫緩？"}'
call --no-buffer "$server/api/v1/ask" -H "$json" -d '{"question": "How much was Alibaba fined?", "stream": true}'

# Search, and list what there is.
call --get "$server/api/v1/search" --data-urlencode 'q=蚂蚁集团' -d limit=2 -d language=zh-Hans -d language=en
call --get "$server/api/v1/articles" -d limit=1

# Add an article (its id is made from the content: a second time changes nothing), follow the job, and take it out again.
job=$(call "$server/api/v1/articles" -H "$json" \
    -d '{"title": "An example", "body": "The example was made on Monday.", "id": "curl-example"}')
id=$(printf '%s' "$job" | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
until call "$server/api/v1/jobs/$id" | grep -q '"ended":"'; do sleep 0.2; done
call "$server/api/v1/jobs/$id"
call -X DELETE "$server/api/v1/articles/curl-example"

# As OpenAI's API.
call "$server/v1/chat/completions" -H "$json" \
    -d '{"model": "regbrief", "messages": [{"role": "user", "content": "支付宝被要求做什么？"}]}'
