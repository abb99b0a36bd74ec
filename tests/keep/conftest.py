from tests.unit.conftest import anyio_backend as anyio_backend
from tests.unit.conftest import no_engine as no_engine
