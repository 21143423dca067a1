FROM python:3.12-slim
# Another index:  --build-arg PIP_INDEX_URL=URL
ARG PIP_INDEX_URL
ARG PIP_TRUSTED_HOST
ENV PYTHONUNBUFFERED=1
WORKDIR /app
RUN python3 -m pip install --no-cache-dir pytest pytest-cov
# What the project needs comes before its own files, so that it is installed
# again only when pyproject.toml changes.
COPY pyproject.toml ./
RUN ["python3", "-c", "import subprocess, sys, tomllib; \
project = tomllib.load(open('pyproject.toml', 'rb')).get('project', {}); \
extra = project.get('optional-dependencies', {}); \
names = project.get('dependencies', []) + \
[d for e in ('test', 'tests', 'dev') for d in extra.get(e, [])]; \
pip = [sys.executable, '-m', 'pip', 'install', '--no-cache-dir', '--']; \
sys.exit(subprocess.call(pip + names) if names else 0)"]
COPY . .
# A file that only sets up tools describes no package to install.
RUN if grep -Eq '^\[(project|build-system)\]' pyproject.toml; then \
	python3 -m pip install --no-cache-dir --editable .; fi
USER 10001:10001
CMD ["python3"]
