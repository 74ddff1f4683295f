"""llama.cpp as the timed scripts use it: a model with one context, in a process of its own."""
import ctypes

import llama_cpp


@llama_cpp.llama_log_callback
def _quiet(level, text, data):
    del level, text, data


class Llama:
    def __init__(self, path: str, threads: int, context: int, pass_tokens: int, **settings) -> None:
        """Room for `context` tokens, `pass_tokens` of them at once; settings: of llama_context_params."""
        llama_cpp.llama_log_set(_quiet, ctypes.c_void_p())
        llama_cpp.llama_backend_init()
        model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = context
        parameters.n_batch = parameters.n_ubatch = pass_tokens
        parameters.n_threads = parameters.n_threads_batch = threads
        for name, value in settings.items():
            setattr(parameters, name, value)
        self.context = llama_cpp.llama_init_from_model(model, parameters)
        assert self.context, "llama.cpp made no context"
        self._memory = llama_cpp.llama_get_memory(self.context)

    def feed(self, tokens: list[int]) -> None:
        """One pass over tokens that follow those before."""
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        self.decode(llama_cpp.llama_batch_get_one(array, len(tokens)))

    def decode(self, batch) -> None:
        status = llama_cpp.llama_decode(self.context, batch)
        assert status == 0, status

    def keep(self, tokens: int) -> None:
        """Forgets all but the first ones, of every sequence."""
        if tokens == 0:
            llama_cpp.llama_memory_clear(self._memory, True)
        else:
            llama_cpp.llama_memory_seq_rm(self._memory, -1, tokens, -1)


def token(position: int) -> int:
    """Any one, the same for the same position."""
    return 3 + position * 7919 % 20000
