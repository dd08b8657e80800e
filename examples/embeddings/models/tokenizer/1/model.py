"""Texts in, what a network reads of them out: the numbers of their tokens, and a mask of those that are not padding.

The texts of all requests of a batch are padded to one length, so that the network can take them together, too.
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
        encodings = self.tokenizer.encode_batch([text.decode(errors="replace") for text in np.concatenate(texts)])
        ids = np.array([encoding.ids for encoding in encodings], np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
        ends = np.cumsum([len(some) for some in texts])[:-1]
        return [pb_utils.InferenceResponse([pb_utils.Tensor("input_ids", own_ids), pb_utils.Tensor("attention_mask", own_mask)])
                for own_ids, own_mask in zip(np.split(ids, ends), np.split(mask, ends), strict=True)]
