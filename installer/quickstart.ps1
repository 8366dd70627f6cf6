# From a fresh clone to a running KSys on Windows 10 or newer with Python 3.11+:
#   powershell -ExecutionPolicy Bypass -File installer\quickstart.ps1 demo [options of ksys-hmi]
#   powershell -ExecutionPolicy Bypass -File installer\quickstart.ps1 test [options of pytest]
# Everything it makes lies in .venv.
$ErrorActionPreference = 'Stop'

$Root = Split-Path -Parent $PSScriptRoot
$Venv = Join-Path $Root '.venv'
$Stamp = Join-Path $Venv '.ksys-stamp'
$VenvPython = Join-Path $Venv 'Scripts\python.exe'

function Write-Usage {
    Write-Host 'usage: quickstart.ps1 COMMAND [options]'
    Write-Host ''
    Write-Host '  demo [options of ksys-hmi]   database, simulated plant, scheduler service and HMI on this machine'
    Write-Host '  test [options of pytest]     every test and check'
}

function Stop-Here([string]$Message) {
    [Console]::Error.WriteLine("quickstart: $Message")
    exit 2
}

function Test-Python([string]$Program, [string[]]$First) {
    try {
        & $Program @First -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>$null
        return $LASTEXITCODE -eq 0
    } catch {
        return $false
    }
}

function Find-Python {
    foreach ($Candidate in @(@('py', '-3'), @('python'), @('python3'))) {
        $First = @($Candidate | Select-Object -Skip 1)
        if (Test-Python $Candidate[0] $First) {
            return (& $Candidate[0] @First -c 'import sys; print(sys.executable)')
        }
    }
    Stop-Here 'Python 3.11 to 3.14 is needed; install it from the Microsoft Store or with winget install Python.Python.3.13'
}

function Find-Uv([string]$Python) {
    $Own = Join-Path $Venv 'tools\bin\uv.exe'
    foreach ($Candidate in @('uv', $Own)) {
        if (Get-Command $Candidate -ErrorAction SilentlyContinue) { return $Candidate }
    }
    Write-Host 'quickstart: installing uv into .venv\tools'
    & $Python -m pip install --quiet --disable-pip-version-check --upgrade --target (Join-Path $Venv 'tools') uv
    if ($LASTEXITCODE -ne 0) { Stop-Here 'pip could not install uv; see its message above' }
    return $Own
}

function Get-Fingerprint([string]$Python) {
    $Project = (Get-FileHash (Join-Path $Root 'pyproject.toml') -Algorithm SHA256).Hash
    $Interpreter = & $Python -c 'import sys; print(sys.executable, sys.version)'
    return @($Project, $Root, $Interpreter) -join "`n"
}

function Invoke-Uv([string]$Uv, [string[]]$Arguments) {
    & $Uv @Arguments | Out-Null
    if ($LASTEXITCODE -ne 0) { Stop-Here 'uv could not make the environment; see its message above' }
}

function Initialize-Environment {
    $Python = Find-Python
    $Fingerprint = Get-Fingerprint $Python
    if ((Test-Path $Stamp) -and ((Get-Content $Stamp -Raw -Encoding UTF8).TrimEnd() -eq $Fingerprint)) { return }
    New-Item -ItemType Directory -Force $Venv | Out-Null
    $Uv = Find-Uv $Python
    $env:UV_PYTHON_DOWNLOADS = 'never'
    $env:VIRTUAL_ENV = $Venv
    Write-Host 'quickstart: preparing .venv (a few minutes the first time)'
    Push-Location $Root
    try {
        $Pins = Join-Path $Venv 'requirements.txt'
        Invoke-Uv $Uv @('venv', '--quiet', '--allow-existing', '--python', $Python, $Venv)
        Invoke-Uv $Uv @('pip', 'compile', '--quiet', '--all-extras', '--output-file', $Pins, 'pyproject.toml')
        Invoke-Uv $Uv @('pip', 'sync', '--quiet', '--compile-bytecode', $Pins)
        Invoke-Uv $Uv @('pip', 'install', '--quiet', '--no-deps', '--editable', '.')
    } finally {
        Pop-Location
    }
    Set-Content $Stamp $Fingerprint -Encoding UTF8
}

$Command, $Rest = @($args)
if ($Command -in @('-h', '--help')) { Write-Usage; exit 0 }
if ($Command -notin @('demo', 'test')) { Write-Usage; exit 2 }

Initialize-Environment

if ($Command -eq 'demo') {
    # ksys-hmi.exe is a window program, for which PowerShell would not wait: the module is run instead.
    & $VenvPython -P -m ksys_hmi --demo @Rest
    exit $LASTEXITCODE
}
Set-Location $Root
& $VenvPython -m pytest -o "cache_dir=$(Join-Path $Venv 'cache\pytest')" @Rest
exit $LASTEXITCODE
