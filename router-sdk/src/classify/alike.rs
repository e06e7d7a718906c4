//! A letter in, the letter that stands for it in the word lists out: traditional for simplified Han, dots and accents dropped.

// Pairs of a traditional character and its simplified form, of words that people ask with.
const HAN: &str = "\
    證证寫写譯译錯错誤误為为麼么請请幫帮個个這这會会議议紀纪錄录負负責责項项時时間间問问題题現现實实說说話话語语讀读詞词訊讯號号單单價价錢钱費费電电腦脑連连線线開开關关閉闭謝谢還还過过進进選选擇择學学習习\
    練练書书畫画圖图張张發发佈布處处報报訴诉評评論论類类別别標标準准確确認认識识結结構构設设計计劃划規规則则優优點点見见觀观覺觉應应該该讓让從从對对複复雜杂簡简縮缩總总統统據据數数庫库資资檔档轉转換换輸输\
    與与測测試试調调執执運运動动環环節节網网頁页頭头後后裡里裏里當当嗎吗誰谁麗丽樣样種种們们來来給给歲岁愛爱歡欢樂乐難难員员業业務务產产買买賣卖貴贵貨货訂订購购車车飛飞機机場场館馆飯饭醫医藥药療疗蘭兰國国\
    灣湾華华漢汉韓韩銀银鐵铁長长寬宽廣广積积極极質质減减幾几億亿萬万圓圆邊边邏逻輯辑憂忧傷伤聽听聲声聞闻讚赞鬧闹鐘钟燈灯趕赶達达遠远遲迟適适遷迁遊游戲戏戰战勝胜敗败歷历紹绍詩诗詳详誌志誠诚謀谋諮咨貼贴趨趋\
    軟软輕轻載载較较輪轮辦办農农週周遺遗鄉乡釋释針针銷销鎖锁鏡镜陽阳階阶隊队際际雲云靈灵靜静響响順顺預预頻频顏颜願愿風风餘余驗验驚惊鮮鲜鳥鸟麥麦龍龙慶庆憑凭擬拟擴扩攝摄敘叙斷断暫暂條条榮荣樹树橋桥檢检櫃柜\
    權权歐欧殺杀氣气決决沒没況况淨净溫温滅灭滿满漲涨潤润濟济營营爾尔狀状獨独獎奖獲获異异盡尽監监眾众禮礼稅税穩稳窮穷競竞筆笔範范築筑約约紅红級级純纯細细終终組组經经綠绿維维編编緣缘績绩織织繪绘繼继續续罵骂\
    職职聯联聰聪脫脱臉脸臨临舉举舊旧艱艰莊庄蘇苏術术衛卫補补裝装製制視视親亲觸触討讨訓训記记許许診诊詢询誇夸課课談谈謊谎譜谱護护變变財财貢贡貧贫貸贷賓宾賞赏賴赖賺赚贈赠贏赢";

/// The letter that `c` is matched as: itself for most.
pub(crate) fn alike(c: char) -> char {
    match c as u32 {
        // Greek accents.
        0x0386 | 0x03AC => 'α',
        0x0388 | 0x03AD => 'ε',
        0x0389 | 0x03AE => 'η',
        0x038A | 0x03AF | 0x03AA | 0x03CA | 0x0390 => 'ι',
        0x038C | 0x03CC => 'ο',
        0x038E | 0x03CD | 0x03AB | 0x03CB | 0x03B0 => 'υ',
        0x038F | 0x03CE => 'ω',
        // Arabic: hamza on its carriers, the open ends, Persian forms.
        0x0622 | 0x0623 | 0x0625 | 0x0671 => 'ا',
        0x0649 | 0x06CC => 'ي',
        0x0629 => 'ه',
        0x06A9 => 'ك',
        0x0624 => 'و',
        // A letter with its dot below is written without, too.
        0x0958 => 'क',
        0x0959 => 'ख',
        0x095A => 'ग',
        0x095B => 'ज',
        0x095C => 'ड',
        0x095D => 'ढ',
        0x095E => 'फ',
        0x4E00..=0x9FFF => simplified(c),
        _ => c,
    }
}

/// Marks that the word lists do without.
pub(crate) const fn is_mark(c: char) -> bool {
    matches!(c as u32, 0x093C | 0x0654 | 0x0655 | 0x0670)
}

/// `text` with every letter as it is matched.
pub(crate) fn as_matched(text: &str) -> String {
    text.chars().filter(|c| !is_mark(*c)).map(alike).collect()
}

fn simplified(c: char) -> char {
    static TABLE: crate::fork::Lazy<Vec<(char, char)>> = crate::fork::Lazy::new(|| {
        let letters: Vec<char> = HAN.chars().collect();
        let mut pairs: Vec<_> = letters.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        pairs.sort_unstable();
        pairs.dedup_by_key(|pair| pair.0);
        pairs
    });
    TABLE.binary_search_by_key(&c, |pair| pair.0).map_or(c, |at| TABLE[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_mean_the_same_are_matched_alike() {
        for (written, matched) in [
            ("請證明", "请证明"),
            ("περίληψη", "περιληψη"),
            ("إلى الإنجليزية", "الي الانجليزيه"),
            ("फ़ंक्शन", "फंक्शन"),
            ("計算 abc ñ", "计算 abc ñ"),
        ] {
            assert_eq!(as_matched(written), matched);
        }
    }

    #[test]
    fn pairs_are_of_two_characters_and_lead_to_no_third() {
        let letters: Vec<char> = HAN.chars().collect();
        assert_eq!(letters.len() % 2, 0);
        for pair in letters.chunks_exact(2) {
            assert_eq!(alike(pair[1]), pair[1], "{}", pair[1]);
        }
    }
}
