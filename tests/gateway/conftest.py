import pytest

from tests.gateway.asgi import App


@pytest.fixture
def app() -> App:
    return App()
