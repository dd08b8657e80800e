"""Sentence embeddings: texts in, vectors of length one out; the closer two texts in meaning, the larger their dot product.

Tokenises, asks the model `minilm` of the same server for a vector of each token, and averages them. The texts of all
requests of a batch go through the network together.
"""
import os

import numpy as np
import tokenizers
import triton_python_backend_utils as pb_utils

MAX_TOKENS = 256  # of a text; the network was trained on no longer ones


class TritonPythonModel:
    def initialize(self, args):
        path = os.path.join(args["model_repository"], args["model_version"], "tokenizer.json")
        self.tokenizer = tokenizers.Tokenizer.from_file(path)
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.tokenizer.enable_padding()  # to the longest text of a batch

    def execute(self, requests):
        texts = [pb_utils.get_input_tensor_by_name(request, "text").as_numpy()[:, 0] for request in requests]
        embeddings = self.embed(np.concatenate(texts))
        ends = np.cumsum([len(some) for some in texts])
        return [pb_utils.InferenceResponse([pb_utils.Tensor("embedding", rows)])
                for rows in np.split(embeddings, ends[:-1])]

    def embed(self, texts):
        encodings = self.tokenizer.encode_batch([text.decode(errors="replace") for text in texts])
        ids = np.array([encoding.ids for encoding in encodings], np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
        tokens = self.run_network(ids, mask)
        mask = mask[:, :, np.newaxis]
        mean = (tokens * mask).sum(axis=1, dtype=np.float32) / mask.sum(axis=1, dtype=np.float32)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)

    def run_network(self, ids, mask):
        call = pb_utils.InferenceRequest(
            model_name="minilm", requested_output_names=["last_hidden_state"],
            inputs=[pb_utils.Tensor("input_ids", ids), pb_utils.Tensor("attention_mask", mask)])
        response = call.exec()
        if response.has_error():
            raise pb_utils.TritonModelException(response.error().message())
        return pb_utils.get_output_tensor_by_name(response, "last_hidden_state").as_numpy()
