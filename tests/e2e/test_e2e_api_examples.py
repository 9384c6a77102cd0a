"""The API document's three examples, with only host and key changed, against `pipeline serve`."""

import json
import shutil
import subprocess
import sys
import urllib.request

import pytest

CURL = """\
curl -X POST "https://api.gptimageapi.dev/v1/images/generate" \\
  -H "Authorization: Bearer YOUR_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "prompt": "A photorealistic product photo of a citrus soda bottle on a wet studio table, \
soft reflections, premium lighting, minimal background.",
    "model": "gpt-image-2",
    "size": "4:3",
    "quality": "high",
    "n": 1
  }'
"""

NODE = """\
async function generate() {
  const res = await fetch('https://api.gptimageapi.dev/v1/images/generate', {
    method: 'POST',
    headers: {
      Authorization: 'Bearer YOUR_API_KEY',
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({
      prompt:
        'A photorealistic product photo of a citrus soda bottle on a wet studio table, \
soft reflections, premium lighting, minimal background.',
      model: 'gpt-image-2',
      size: '4:3',
      quality: 'high',
      n: 1,
    }),
  });

  const result = await res.json();
  if (result.code !== 0) throw new Error(result.message);
  return result.data.images[0].url;
}
generate().then(console.log);
"""

PYTHON = """\
import requests


def generate():
  url = 'https://api.gptimageapi.dev/v1/images/generate'
  headers = {
    'Authorization': 'Bearer YOUR_API_KEY',
    'Content-Type': 'application/json',
  }
  payload = {
    'prompt': 'A photorealistic product photo of a citrus soda bottle on a wet studio table, \
soft reflections, premium lighting, minimal background.',
    'model': 'gpt-image-2',
    'size': '4:3',
    'quality': 'high',
    'n': 1,
  }

  res = requests.post(url, headers=headers, json=payload, timeout=60)
  res.raise_for_status()
  result = res.json()
  if result.get('code') != 0:
    raise Exception(result.get('message'))
  return result.get('data', {}).get('images', [])[0].get('url')


print(generate())
"""


def with_only_host_and_key_changed(example, server):
    return example.replace("https://api.gptimageapi.dev", server.url).replace(
        "YOUR_API_KEY", server.key
    )


def opens(url):
    with urllib.request.urlopen(url, timeout=30) as reply:  # noqa: S310 - our own server
        return reply.headers["Content-Type"] == "image/png" and reply.read(4) == b"\x89PNG"


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl on this machine")
def test_the_documents_curl_example_prints_a_url_that_opens(served):
    script = with_only_host_and_key_changed(CURL, served("--workers", "1"))
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    reply = json.loads(said.stdout)
    assert (reply["code"], reply["message"]) == (0, "ok")
    assert opens(reply["data"]["images"][0]["url"])


@pytest.mark.skipif(not shutil.which("node"), reason="there is no Node.js on this machine")
def test_the_documents_node_example_prints_a_url_that_opens(served):
    script = with_only_host_and_key_changed(NODE, served("--workers", "1"))
    said = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    assert opens(said.stdout.strip())


def test_the_documents_python_example_prints_a_url_that_opens(served):
    script = with_only_host_and_key_changed(PYTHON, served("--workers", "1"))
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert opens(said.stdout.strip())
